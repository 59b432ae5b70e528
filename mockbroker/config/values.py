"""Config values between text and Python (Kafka: `ConfigDef.parseType`, `ConfigDef.convertToString`)."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from protocol_specs.errors import KafkaError

__all__ = ["ConfigError", "ConfigType", "java_trim", "parse_type", "text_of", "text_of_double"]

#: What Java's `String.trim` cuts off: every character up to the space.
_JAVA_SPACE: Final = "".join(map(chr, range(33)))
_DOUBLE: Final = r"([+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))[fFdD]?"

#: The longest text, in bytes of UTF-8, that a string field of an answer can hold.
_LONGEST_STRING: Final = 32767


class ConfigType(IntEnum):
    """A config's type, numbered as in DescribeConfigs answers (Kafka: `DescribeConfigsResponse.ConfigType`)."""

    UNKNOWN = 0
    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


_BITS = {ConfigType.INT: 31, ConfigType.SHORT: 15, ConfigType.LONG: 63}


class ConfigError(ValueError):
    """A value that its config does not allow. Its text is the one that Kafka answers.

    Attributes:
        name: the config's name.
        value: what was given.
        reason: what is wrong with it, or None.
    """

    def __init__(self, name: str, value: Any, reason: str | None = None, *, text: str | None = None) -> None:
        self.name = name
        self.value = value
        self.reason = reason
        if text is None:
            text = f"Invalid value {_java_text(value)} for configuration {name}"
            if reason is not None:
                text = f"{text}: {reason}"
        super().__init__(text)

    def refusal(self) -> KafkaError:
        """The error that a client is to see: INVALID_CONFIG with this text, if an answer can hold it."""
        from protocol_specs.errors import ErrorCode, KafkaError

        text = str(self)
        is_too_long = len(text.encode()) > _LONGEST_STRING
        return (
            KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
            if is_too_long
            else KafkaError(ErrorCode.INVALID_CONFIG, text)
        )


def java_trim(text: str) -> str:
    """Cut off what Java's `String.trim` does, which is not quite what `str.strip` does."""
    return text.strip(_JAVA_SPACE)


def parse_type(name: str, text: str | None, kind: ConfigType) -> Any:
    """The value of `text`: bool, int, float, str or list[str]; None stays None.

    Raises:
        ConfigError: `text` is no value of this type.
    """
    if text is None:
        return None
    trimmed = java_trim(text)
    if kind in _BITS:
        if _is_integer(trimmed):
            number = int(trimmed)
            if -(1 << _BITS[kind]) <= number < 1 << _BITS[kind]:
                return number
        raise ConfigError(name, text, f"Not a number of type {kind.name}")
    if kind is ConfigType.BOOLEAN:
        lower = trimmed.lower()
        if lower not in ("true", "false"):
            raise ConfigError(name, text, "Expected value to be either true or false")
        return lower == "true"
    if kind is ConfigType.DOUBLE:
        match = re.fullmatch(_DOUBLE, trimmed)
        if match is None:
            raise ConfigError(name, text, "Not a number of type DOUBLE")
        return float(match[1])
    if kind is ConfigType.LIST:
        return [entry.strip(" \t\n\v\f\r") for entry in trimmed.split(",")] if trimmed else []
    return trimmed


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdigit()


def text_of(value: Any) -> str | None:
    """The canonical text of a parsed value; None for None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return text_of_double(value)
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def text_of_double(value: float) -> str:
    """`value` as Java's `Double.toString` prints it: 0.5, 1.0E10, 1.7976931348623157E308."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    from decimal import Decimal

    exact = Decimal(repr(value))
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = f"{exact:f}"
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = exact.normalize().as_tuple()
    first, rest = digits[0], "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{first}.{rest or '0'}E{len(rest) + int(exponent)}"


def _java_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return text_of(value) or ""
