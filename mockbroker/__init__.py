"""A Kafka cluster in one small process, for tests."""
