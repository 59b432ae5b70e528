"""Tests driven by sarama, a client for Go."""
