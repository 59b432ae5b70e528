"""The version, for whoever must not import the whole package's surface."""

from __future__ import annotations

__all__ = ["VERSION"]

VERSION = "0.1.0"
