"""The command line tools of Apache Kafka 4.3.1, unmodified."""
