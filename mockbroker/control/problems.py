"""What is wrong with something that a test asked for: it names the field and lists the choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["BadField", "NotFound", "check_names"]


class BadField(ValueError):
    """A field that cannot be as it was given.

    Attributes:
        field: its name.
        reason: what is wrong with it.
        choices: what would be right, where that can be listed.
    """

    def __init__(self, field: str, reason: str, choices: Iterable[str] = ()) -> None:
        self.field = field
        self.reason = reason
        self.choices = list(choices)
        listed = f"; choose from {', '.join(self.choices)}" if self.choices else ""
        super().__init__(f"{field}: {reason}{listed}")


class NotFound(LookupError):
    """Something that there is not, or no longer.

    Attributes:
        kind: "fault", say.
        name: how it was called.
    """

    def __init__(self, kind: str, name: object) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"there is no {kind} {name}")


def check_names(given: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    """
    Raises:
        BadField: one of the names is not known.
    """
    known = list(known)
    for name in given:
        if name not in known:
            raise BadField(name, f"{what} has no such field", known)
