"""What a test may see and do."""
