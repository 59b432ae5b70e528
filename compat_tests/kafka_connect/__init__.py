"""Tests driven by Kafka Connect."""
