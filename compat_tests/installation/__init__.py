"""The wheel in an empty environment, as who installs it gets it."""
