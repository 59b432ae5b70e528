"""`docs/configs.md`, made from the tables: `python -m mockbroker.config.reference > docs/configs.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from mockbroker.config.definitions import Definition, DefinitionTable
from mockbroker.config.documentation import documentation_of
from mockbroker.config.honoured import HONOURED
from mockbroker.config.tables import (
    AUTHORIZER,
    BROKER,
    BROKER_QUOTA,
    CLIENT_METRICS,
    GROUP,
    GROUP_SYNONYMS,
    OUR_DEFAULTS,
    TOPIC,
    TOPIC_SYNONYMS,
)

__all__ = ["reference"]

_INTRODUCTION: Final = """\
# Configs

Every config of Apache Kafka 4.3.1 under its own name, with its type, its default and the values that it allows.
DescribeConfigs shows them all. Broker configs may be given at start: `--set name=value`, `--config server.properties`,
`config={...}`. Those marked with a dot have an effect here; at start a warning names those without.

This file is made by `python -m mockbroker.config.reference > docs/configs.md`.

- A *list* is written with commas. *list or null* may be left unset; a *filled list* has at least one entry.
- *at run time* is who may change it while the brokers run: a *cluster* config may be set for all brokers or for one, a
  *broker* config for one broker only, any other at start only.
"""

#: What the rules with a name of their own allow.
_RULES: Final = {
    "gzip level": "-1 or 1 .. 9",
    "throttled replicas": "list of partition:broker, or *",
    "share offset reset": "earliest, latest, or by_duration:PnDTnHnMn.nS",
    "quorum voters": "list of id@host:port",
    "quorum servers": "list of host:port",
}


def reference() -> str:
    """The whole file."""
    parts = [
        _INTRODUCTION,
        "## Defaults that are not Kafka's\n",
        *_table(("name", "Kafka's default", "here"), _ours()),
        "\n## Topic configs\n",
        *_table(
            ("", "name", "type", "default", "allowed", "broker's config", "what it does"),
            _rows(TOPIC, lambda name: TOPIC_SYNONYMS.get(name, ""), _topic_is_honoured),
        ),
        "\n## Group configs\n",
        *_table(
            ("name", "type", "default", "allowed", "broker's config", "what it does"),
            (row[1:] for row in _rows(GROUP, lambda name: GROUP_SYNONYMS.get(name, ""), bool)),
        ),
        "\n## Configs of client metrics subscriptions\n",
        *_table(
            ("name", "type", "default", "what it does"),
            ((*row[1:4], row[6]) for row in _rows(CLIENT_METRICS, str, bool)),
        ),
        "\n## Broker configs\n",
        *_table(
            ("", "name", "type", "default", "allowed", "at run time", "what it does"),
            (row for table in (BROKER, BROKER_QUOTA, AUTHORIZER) for row in _broker_rows(table)),
        ),
    ]
    return "\n".join(parts) + "\n"


def _ours() -> Iterator[tuple[str, ...]]:
    for name, default in OUR_DEFAULTS.items():
        yield f"`{name}`", _default(BROKER[name].kafkas_default), _default(default)


def _broker_rows(table: DefinitionTable) -> Iterator[tuple[str, ...]]:
    return _rows(table, lambda name: table[name].update, lambda name: name in HONOURED)


def _topic_is_honoured(name: str) -> bool:
    return TOPIC_SYNONYMS.get(name) in HONOURED


def _rows(
    table: DefinitionTable, relation: Callable[[str], str], is_honoured: Callable[[str], bool]
) -> Iterator[tuple[str, ...]]:
    for name in sorted(table.described):
        definition = table[name]
        related = relation(name)
        yield (
            "•" if is_honoured(name) else "",
            f"`{name}`",
            definition.type.name,
            _default(definition.default),
            _allowed(definition),
            f"`{related}`" if "." in related else related,
            documentation_of(name) or "",
        )


def _default(text: str | None) -> str:
    return "" if text is None else f"`{text}`" if text else "empty"


def _allowed(definition: Definition) -> str:
    return _RULES.get(definition.allowed, definition.allowed)


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(titles) + " |"
    yield "|" + "---|" * len(titles)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    print(reference(), end="")
