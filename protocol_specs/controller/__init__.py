"""What brokers and controllers say to one another, so that captured frames of it can be read. Nothing answers these."""
