"""Turning a core's answer, there already or yet to come, into a response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockbroker.core.waiting import Pending

__all__ = ["when_ready"]


def when_ready(result: Any, pack: Callable[[Any], Any]) -> Any:
    """What `pack` makes of the result, or a Pending of it."""
    return result.then(pack) if result.__class__ is Pending else pack(result)
