"""What each config allows, and Kafka's words for a value that it does not.

A row of a table says in a few words what is allowed; these words are also what `docs/configs.md` prints:

- `>= 1`, `1 .. 17`: a number in this range
- `one of a, b`, `any case of A, B`: one of these strings
- `list`, `list of a, b`, `filled list`, `list or null`: a list without empty entries, of these values only,
  with at least one entry; a list may be null only where it says so
- `not empty`, `not null`, and the names of the rules at the end of this module
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from mockbroker.config.values import ConfigError

__all__ = ["Check", "check_for", "parse_duration"]

#: Called as `check(name, value)`; raises ConfigError.
Check = Callable[[str, Any], None]

_LIST = r"(filled )?list( or null)?(?: of (.*))?"
_REPLICA = r"(?:[0-9]+:[0-9]+)?"
_HOST_PORT = r"(?:.*://)?\[?([0-9a-zA-Z\-._%:]*)\]?:([0-9]+)"
_DURATION = (
    r"([-+]?)P(?:([-+]?[0-9]+)D)?"
    r"(T(?:([-+]?[0-9]+)H)?(?:([-+]?[0-9]+)M)?(?:([-+]?[0-9]+)(?:[.,]([0-9]{0,9}))?S)?)?"
)


@cache
def check_for(allowed: str) -> Check | None:
    """The check behind a table's words; None where every value of the type will do."""
    if not allowed:
        return None
    if allowed in _NAMED:
        return _NAMED[allowed]
    if allowed.startswith(">= "):
        return _range(allowed[3:], None)
    if allowed.startswith("one of "):
        return _one_of(allowed[7:])
    if allowed.startswith("any case of "):
        return _any_case_of(allowed[12:])
    low, dots, high = allowed.partition(" .. ")
    if dots:
        return _range(low, high)
    match = re.fullmatch(_LIST, allowed)
    if match is None:
        raise ValueError(f"no rule is called {allowed!r}")
    return _list(is_empty_allowed=not match[1], is_null_allowed=bool(match[2]), values=match[3])


def _range(low: str, high: str | None) -> Check:
    least = float(low)
    most = float("inf") if high is None else float(high)

    def check(name: str, value: Any) -> None:
        if value is None:
            raise ConfigError(name, None, "Value must be non-null")
        if value < least:
            raise ConfigError(name, value, f"Value must be at least {low}")
        if value > most:
            raise ConfigError(name, value, f"Value must be no more than {high}")

    return check


def _one_of(values: str) -> Check:
    allowed = frozenset(values.split(", "))

    def check(name: str, value: Any) -> None:
        if value not in allowed:
            raise ConfigError(name, value, f"String must be one of: {values}")

    return check


def _any_case_of(values: str) -> Check:
    allowed = frozenset(values.split(", "))

    def check(name: str, value: Any) -> None:
        if value is None or value.upper() not in allowed:
            raise ConfigError(name, value, f"String must be one of (case insensitive): {values}")

    return check


def _list(*, is_empty_allowed: bool, is_null_allowed: bool, values: str | None) -> Check:
    each = _one_of(values) if values else None
    expected = f"[{values}]" if values else "any non-empty value"

    def check(name: str, value: Any) -> None:
        if value is None:
            if is_null_allowed:
                return
            raise ConfigError(name, None, text=f"Configuration '{name}' values must not be null.")
        if not value and not is_empty_allowed:
            text = f"Configuration '{name}' must not be empty. Valid values include: {expected}"
            raise ConfigError(name, value, text=text)
        for entry in value:
            if not entry:
                raise ConfigError(name, value, text=f"Configuration '{name}' values must not be empty.")
            if each is not None:
                each(name, entry)

    return check


def _not_empty(name: str, value: Any) -> None:
    if value == "":
        raise ConfigError(name, value, "String must be non-empty")


def _not_null(name: str, value: Any) -> None:
    if value is None:
        raise ConfigError(name, None, "entry must be non null")


def _gzip_level(name: str, value: Any) -> None:
    if value is None:
        raise ConfigError(name, None, "Value must be non-null")
    if value != -1 and not 1 <= value <= 9:
        raise ConfigError(name, value, "Value must be between 1 and 9 or equal to -1")


def _throttled_replicas(name: str, value: Any) -> None:
    if value is None:
        raise ConfigError(name, None, f"{name} must be a List but was null")
    entries = [entry.strip() for entry in value]
    if not all(re.fullmatch(_REPLICA, entry) for entry in entries) and "".join(entries) != "*":
        expected = "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
        reason = f"{name} must be the literal '*' or a list of replicas in the following format: {expected}"
        raise ConfigError(name, value, reason)


def _share_offset_reset(name: str, value: Any) -> None:
    if value in ("earliest", "latest"):
        return
    if value is not None and value.startswith("by_duration:"):
        seconds = parse_duration(value[len("by_duration:") :])
        if seconds is not None and seconds >= 0:
            return
    expected = "The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'."
    shown = "null" if value is None else value
    raise ConfigError(name, value, f"Invalid value `{shown}` for configuration {name}. {expected}")


def parse_duration(text: str) -> float | None:
    """Seconds of an ISO 8601 duration as Java's `Duration.parse` reads it, or None."""
    match = re.fullmatch(_DURATION, text, re.IGNORECASE)
    if match is None or match[3] == "T" or not any(match.group(2, 4, 5, 6)):
        return None
    sign, days, _, hours, minutes, seconds, fraction = match.groups()
    total: float = (
        int(days or 0) * 86400 + int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    )
    part = float(f"0.{fraction or 0}")
    total = total - part if (seconds or "").startswith("-") else total + part
    return -total if sign == "-" else total


def _quorum_voters(name: str, value: Any) -> None:
    if value is None:
        raise ConfigError(name, None)
    form = "Each entry should be in the form `{id}@{host}:{port}`."
    for entry in value:
        voter, at, address = entry.partition("@")
        if not at or not address or "@" in address:
            raise ConfigError(name, value, text=f"Invalid configuration value for {name}. {form}")
        if not re.fullmatch(r"[+-]?[0-9]+", voter):
            raise ConfigError(name, value, text=f"Failed to parse voter ID as an integer from {voter}")
        match = re.fullmatch(_HOST_PORT, address)
        if match is None or not match[1]:
            text = f"Failed to parse host name from entry {entry} for the configuration {name}. {form}"
            raise ConfigError(name, value, text=text)


def _quorum_servers(name: str, value: Any) -> None:
    if value is None:
        raise ConfigError(name, None)
    for entry in value:
        match = re.fullmatch(_HOST_PORT, entry)
        if match is None or not match[1]:
            form = 'Each entry should be in the form "{host}:{port}"'
            text = f"Failed to parse host name from {entry} for the configuration {name}. {form}"
            raise ConfigError(name, value, text=text)


_NAMED: dict[str, Check] = {
    "not empty": _not_empty,
    "not null": _not_null,
    "gzip level": _gzip_level,
    "throttled replicas": _throttled_replicas,
    "share offset reset": _share_offset_reset,
    "quorum voters": _quorum_voters,
    "quorum servers": _quorum_servers,
}
