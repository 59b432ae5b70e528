"""What a member's regular expression was found to match."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ResolvedRegex"]


class ResolvedRegex(NamedTuple):
    """The topics that a regular expression matched, in which version of the cluster, and when."""

    topics: frozenset[str]
    version: int
    timestamp_ms: int
