"""The control plane over HTTP, and the inspector."""
