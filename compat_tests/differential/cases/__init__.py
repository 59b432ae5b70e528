"""What is asked, by subject. Cases are run in the order of their files."""

from __future__ import annotations

from importlib import import_module
from types import FunctionType

from compat_tests.differential.runner import Case

__all__ = ["SUBJECTS", "cases_of"]

#: A case takes a run and nothing else; other functions of its module are helpers.
_CASE = {"run": "Run", "return": "None"}

SUBJECTS = (
    "cluster",
    "topics",
    "records",
    "batches",
    "groups",
    "classic_rebalances",
    "consumer_groups",
    "migration",
    "share_coordinator",
    "share_groups",
    "share_members",
    "streams_groups",
    "streams_topologies",
    "configs",
    "transactions",
    "internal_topics",
    "admin",
    "security",
    "malformed",
    "orders",
    "edges",
)


def cases_of(subject: str) -> list[Case]:
    """The cases of one subject."""
    module = import_module(f"{__name__}.{subject}")
    if hasattr(module, "CASES"):
        return list(module.CASES)
    return [
        value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and value.__annotations__ == _CASE
    ]
