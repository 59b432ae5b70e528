"""Tests driven by kafka-go (Segment's), a client for Go."""
