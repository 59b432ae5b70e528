"""What a config is: its name, type, default, what it allows, and how it may be changed at run time.

The tables hold one tuple of constants for each config, which costs nothing to import; a `Definition` is made when
somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mockbroker.config.validators import check_for
from mockbroker.config.values import ConfigType, parse_type

__all__ = ["Definition", "DefinitionTable", "Row", "parse_value"]

#: name, type, default as text, what is allowed (see `validators`), and who may change it at run time:
#: "" nobody, "broker" for one broker only, "cluster" for all brokers or for one.
Row = tuple[str, str, "str | None", str, str]


class Definition:
    """One config (Kafka: `ConfigDef.ConfigKey`).

    Attributes:
        kafkas_default: Kafka's default as text; None where there is none.
        default: the same, or ours where it differs.
        default_value: `default` as a typed value, which is shared: not to be changed.
        allowed: what values it takes, in the words of `validators`.
        update: "", "broker" or "cluster".
        is_internal: whether DescribeConfigs leaves it out.
    """

    __slots__ = (
        "allowed",
        "default",
        "default_value",
        "is_internal",
        "kafkas_default",
        "name",
        "type",
        "update",
    )

    def __init__(self, row: Row, *, is_internal: bool = False, default: str | None = None) -> None:
        self.name, kind, self.kafkas_default, self.allowed, self.update = row
        self.type = ConfigType[kind]
        self.default = self.kafkas_default if default is None else default
        self.default_value: Any = parse_type(self.name, self.default, self.type)
        self.is_internal = is_internal

    @property
    def is_sensitive(self) -> bool:
        """Whether its value is a secret and never told."""
        return self.type is ConfigType.PASSWORD

    @property
    def is_read_only(self) -> bool:
        """Whether it can be set at start only."""
        return not self.update


class DefinitionTable(Mapping[str, Definition]):
    """The configs of one kind of entity by name, in Kafka's order of definition.

    Args:
        rows: what DescribeConfigs shows.
        internal: what it does not show.
        defaults: defaults of ours that differ from Kafka's.
    """

    def __init__(
        self, rows: tuple[Row, ...], internal: tuple[Row, ...] = (), defaults: Mapping[str, str] | None = None
    ) -> None:
        self._rows = {row[0]: row for row in rows}
        self._internal = {row[0]: row for row in internal}
        self._defaults = {} if defaults is None else defaults
        self._definitions: dict[str, Definition] = {}

    def changed(
        self,
        *,
        without: Iterable[str],
        rows: tuple[Row, ...] = (),
        internal: tuple[Row, ...] = (),
        defaults: Mapping[str, str],
    ) -> DefinitionTable:
        """The table of another release: without these configs, with these rows instead of those of the same name."""
        gone = {*without, *(row[0] for row in rows), *(row[0] for row in internal)}
        kept, hidden = (
            tuple(row for name, row in table.items() if name not in gone)
            for table in (self._rows, self._internal)
        )
        return DefinitionTable(kept + rows, hidden + internal, defaults or self._defaults)

    @property
    def described(self) -> tuple[str, ...]:
        """The names that DescribeConfigs shows."""
        return tuple(self._rows)

    def __getitem__(self, name: str) -> Definition:
        definition = self._definitions.get(name)
        if definition is None:
            row = self._rows.get(name)
            is_internal = row is None
            if row is None:
                row = self._internal[name]
            definition = Definition(row, is_internal=is_internal, default=self._defaults.get(name))
            self._definitions[name] = definition
        return definition

    def __contains__(self, name: object) -> bool:
        return name in self._rows or name in self._internal

    def __iter__(self) -> Iterator[str]:
        yield from self._rows
        yield from self._internal

    def __len__(self) -> int:
        return len(self._rows) + len(self._internal)


def parse_value(definition: Definition, text: str | None) -> Any:
    """The typed value of `text`, checked (Kafka: `ConfigDef.parseValue`).

    Returns:
        A bool, int, float, str, list[str], or None.

    Raises:
        ConfigError: the text is no value of the type, or one that the config does not allow.
    """
    value = parse_type(definition.name, text, definition.type)
    if isinstance(value, list) and "list" in definition.allowed:
        value = list(dict.fromkeys(value))
    check = check_for(definition.allowed)
    if check is not None:
        check(definition.name, value)
    return value
