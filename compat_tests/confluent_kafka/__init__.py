"""Tests driven by confluent-kafka, in each of its versions that is still in use."""
