"""Settings that hold for all tests of our own code."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says nothing on a machine that does other things meanwhile.
settings.register_profile("mockbroker", deadline=None)
settings.load_profile("mockbroker")
