"""What each config does, in a sentence. Imported only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from mockbroker.config.docs_coordinators import COORDINATORS
from mockbroker.config.docs_entities import ENTITIES
from mockbroker.config.docs_former import FORMER
from mockbroker.config.docs_security import SECURITY
from mockbroker.config.docs_server import SERVER

__all__ = ["documentation_of"]


def documentation_of(name: str) -> str | None:
    """One sentence on the config of this name, whatever it belongs to; None where there is no such config."""
    return _sentences().get(name)


@cache
def _sentences() -> dict[str, str]:
    return {
        name: sentence
        for text in (SERVER, COORDINATORS, SECURITY, ENTITIES, FORMER)
        for name, sentence in _parse(text)
    }


def _parse(text: str) -> Iterator[tuple[str, str]]:
    for line in text.replace("\n ", " ").splitlines():
        name, _, sentence = line.partition(": ")
        yield name, sentence
