"""Tests driven by aiokafka, in each of its versions that is still in use."""
