"""The simulated cluster: state and rules. No IO, and no clock but the one it is told."""
