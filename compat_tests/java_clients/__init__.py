"""Tests driven by Apache Kafka's own clients for Java."""
