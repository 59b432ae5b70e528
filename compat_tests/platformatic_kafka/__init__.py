"""Tests driven by @platformatic/kafka, a client for Node.js."""
