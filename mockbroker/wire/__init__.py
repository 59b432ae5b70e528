"""Frames and compression: what stands between bytes and messages."""
