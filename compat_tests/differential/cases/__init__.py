"""What is asked, by subject. A case is a function; those that are not private are run in the order of their files."""

from __future__ import annotations

from importlib import import_module
from types import FunctionType

from compat_tests.differential.runner import Case

__all__ = ["SUBJECTS", "cases_of"]

SUBJECTS = (
    "cluster",
    "topics",
    "records",
    "batches",
    "groups",
    "consumer_groups",
    "migration",
    "share_coordinator",
    "share_groups",
    "share_members",
    "streams_groups",
    "streams_topologies",
    "configs",
    "transactions",
    "admin",
    "security",
    "malformed",
)


def cases_of(subject: str) -> list[Case]:
    """The cases of one subject."""
    module = import_module(f"{__name__}.{subject}")
    return [
        value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]
