"""What each API does: unpack the request, ask the core, pack the response.

One module for each API, with the stem of its spec: `protocol_specs/join_group.py`, `handlers/join_group.py`. An API is
offered when it has both, so `HANDLERS` needs no list; a module is imported when its API is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from protocol_specs import APIS

__all__ = ["HANDLERS", "Handler", "Handlers", "refusal_of"]

#: `handle(request, call)` returns a response message, None where none is due, or a Pending.
Handler = Callable[[Any, Any], Any]


class Handlers:
    """The handler of each API, by API key, in ascending order of keys."""

    def __init__(self) -> None:
        stems = {module.name for module in iter_modules(__path__)}
        self._stems = {key: stem for key in APIS if (stem := APIS.stem(key)) in stems}

    def __iter__(self) -> Iterator[int]:
        return iter(self._stems)

    def get(self, key: int) -> Handler | None:
        """The handler of an API; None where there is none."""
        return None if key not in self._stems else self.module(key).handle

    def module(self, key: int) -> Any:
        """The module of an API that has one."""
        return import_module(f"{__name__}.{self._stems[key]}")


HANDLERS = Handlers()


def refusal_of(key: int) -> Callable[[Any, Any, Any], Any] | None:
    """`refuse(request, call, error)` of an API that answers a refusal of the whole request in a way of its own."""
    return getattr(HANDLERS.module(key), "refuse", None)
