"""Stock clients for Python, each version in an environment of its own, all put through the same scenarios."""
