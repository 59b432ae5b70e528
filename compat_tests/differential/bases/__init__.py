"""A request of each API as it should be, from which `edges` makes the odd ones."""

from __future__ import annotations

from importlib import import_module

from compat_tests.differential.bases.ground import BASES, Base

__all__ = ["bases_of"]

_MODULES = ("records", "groups", "newer_groups", "transactions", "admin", "shares", "cluster")


def bases_of(api: str) -> list[Base]:
    """The requests of one API, in the order in which they are written down."""
    for module in _MODULES:
        import_module(f"{__name__}.{module}")
    return BASES[api]
