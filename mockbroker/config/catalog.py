"""Which configs a release of Kafka has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Final

from mockbroker.config.definitions import Definition, DefinitionTable
from mockbroker.config.tables import (
    AUTHORIZER,
    BROKER,
    BROKER_QUOTA,
    GROUP,
    OUR_DEFAULTS,
    TOPIC,
    TOPIC_SYNONYMS,
    broker_synonyms,
)

__all__ = ["NEWEST", "Catalog", "catalog_of"]

#: The broker's names of topic configs that there are no more.
_FORMER_SYNONYMS: Final = {
    "message.downconversion.enable": "log.message.downconversion.enable",
    "message.format.version": "log.message.format.version",
    "message.timestamp.difference.max.ms": "log.message.timestamp.difference.max.ms",
}


@cache
def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


class Catalog:
    """The configs of one release, by the kind of entity that they belong to.

    Attributes:
        release: its name, "2.8" say.
        topic_synonyms: the broker's name of each topic config that has one.
    """

    def __init__(
        self, release: str, topic: DefinitionTable, broker: DefinitionTable, group: DefinitionTable
    ) -> None:
        self.release = release
        self._number = _number(release)
        self.topic = topic
        self.broker = broker
        self.group = group
        self.topic_synonyms: Mapping[str, str] = {
            name: synonym
            for name, synonym in {**TOPIC_SYNONYMS, **_FORMER_SYNONYMS}.items()
            if name in topic and synonym in broker
        }

    def is_before(self, release: str) -> bool:
        """Whether this release is an older one: what Kafka did otherwise is told by the release that changed it."""
        return self._number < _number(release)

    def broker_definition(self, name: str) -> Definition | None:
        """What is known of a broker config, a listener's own one included."""
        for known in (name, *broker_synonyms(name)):
            for table in (self.broker, BROKER_QUOTA):
                if known in table:
                    return table[known]
        return None

    def definition_of_value(self, name: str) -> Definition:
        """What a broker config means here, also one that the release does not have.

        The types of values are those of the newest release, as are the configs that the release lacks.

        Raises:
            KeyError: no release has such a config.
        """
        newest = next((table[name] for table in (BROKER, BROKER_QUOTA, AUTHORIZER) if name in table), None)
        if name in self.broker and (newest is None or newest.type is self.broker[name].type):
            return self.broker[name]
        if newest is None:
            raise KeyError(name)
        return newest


NEWEST: Final = Catalog("4.3", TOPIC, BROKER, GROUP)

_NEWEST_FIRST: Final = ("4.3", "4.1", "4.0", "3.9", "3.3", "2.8", "2.0", "1.1", "0.11")


def catalog_of(release: str) -> Catalog:
    """The configs of a release, "2.8" say.

    Raises:
        ValueError: nothing is known of it.
    """
    from mockbroker.config.rows_before import BEFORE
    from mockbroker.config.rows_before_3 import BEFORE_3
    from mockbroker.config.rows_since import SINCE

    tables = {"topic": TOPIC, "broker": BROKER, "group": GROUP}
    until = _NEWEST_FIRST.index(release) + 1
    for newer, older in pairwise(_NEWEST_FIRST[:until]):
        rows = BEFORE.get(older) or BEFORE_3[older]
        for kind, table in tables.items():
            tables[kind] = table.changed(
                without=SINCE[newer].get(kind, "").split(),
                rows=rows.get(kind, ()),
                internal=rows.get(f"{kind} internal", ()),
                defaults=OUR_DEFAULTS if kind == "broker" else {},
            )
    return Catalog(release, tables["topic"], tables["broker"], tables["group"])
