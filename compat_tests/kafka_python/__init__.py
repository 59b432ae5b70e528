"""Tests driven by kafka-python, in each of its versions that is still in use."""
