"""The group coordinator: groups of every type, their members, their committed offsets."""
