"""Three brokers that are stopped, killed and cut off: a real cluster and ours, step by step beside each other."""
