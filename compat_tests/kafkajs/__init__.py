"""Tests driven by kafkajs, a client for Node.js."""
