"""What each client makes of each effect that a fault may have."""
