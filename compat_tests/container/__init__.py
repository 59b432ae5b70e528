"""What docker/Dockerfile builds, without a container engine."""
