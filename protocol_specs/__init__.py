"""Kafka's wire format: one spec for each API, the record batch, and the error codes."""
