"""Clients from before KIP-896 with the releases that they were made for (`--emulate`)."""
