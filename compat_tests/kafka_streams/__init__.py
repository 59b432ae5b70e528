"""Tests driven by Kafka Streams."""
