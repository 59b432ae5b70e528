"""Share groups (KIP-932): who holds which records, how often they were delivered, and where that is remembered."""
