"""Tests driven by franz-go, a client for Go."""
