"""The same requests, sent to Apache Kafka 4.3.1 and to mockbroker; the answers are compared field by field."""
