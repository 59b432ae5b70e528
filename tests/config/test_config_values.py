"""Texts become values, and values texts, as Java does it."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.config import ConfigError, ConfigType
from mockbroker.config.validators import check_for, parse_duration
from mockbroker.config.values import parse_type, text_of


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ConfigType.INT, " +5 ", 5),
        (ConfigType.INT, "-2147483648", -2147483648),
        (ConfigType.SHORT, "32767", 32767),
        (ConfigType.LONG, "9223372036854775807", 9223372036854775807),
        (ConfigType.DOUBLE, "1e3", 1000.0),
        (ConfigType.DOUBLE, ".5f", 0.5),
        (ConfigType.BOOLEAN, "TRUE", True),
        (ConfigType.BOOLEAN, " false", False),
        (ConfigType.STRING, "  a b ", "a b"),
        (ConfigType.LIST, "", []),
        (ConfigType.LIST, " a , b,", ["a", "b", ""]),
        (ConfigType.LIST, None, None),
    ],
)
def test_a_text_is_read(kind: ConfigType, text: str | None, value: Any) -> None:
    assert parse_type("x", text, kind) == value


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (ConfigType.INT, "2147483648", "Not a number of type INT"),
        (ConfigType.INT, "1_000", "Not a number of type INT"),
        (ConfigType.INT, "", "Not a number of type INT"),
        (ConfigType.SHORT, "32768", "Not a number of type SHORT"),
        (ConfigType.LONG, "0x10", "Not a number of type LONG"),
        (ConfigType.DOUBLE, "1_0.5", "Not a number of type DOUBLE"),
        (ConfigType.DOUBLE, "inf", "Not a number of type DOUBLE"),
        (ConfigType.BOOLEAN, "yes", "Expected value to be either true or false"),
    ],
)
def test_a_text_that_is_no_value_is_refused(kind: ConfigType, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_type("x", text, kind)
    assert str(refused.value) == f"Invalid value {text} for configuration x: {reason}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (0.0, "0.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (0.00012, "1.2E-4"),
        (9999999.0, "9999999.0"),
        (12345678.0, "1.2345678E7"),
        (-1e10, "-1.0E10"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (True, "true"),
        (["a", "b"], "a,b"),
        (None, None),
        (7, "7"),
    ],
)
def test_a_value_is_written(value: Any, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("allowed", "value", "message"),
    [
        (">= 1", 0, "Invalid value 0 for configuration x: Value must be at least 1"),
        (">= 1", None, "Invalid value null for configuration x: Value must be non-null"),
        ("1 .. 17", 18, "Invalid value 18 for configuration x: Value must be no more than 17"),
        ("one of a, b", "c", "Invalid value c for configuration x: String must be one of: a, b"),
        (
            "any case of A, B",
            "c",
            "Invalid value c for configuration x: String must be one of (case insensitive): A, B",
        ),
        ("list", None, "Configuration 'x' values must not be null."),
        ("list", ["a", ""], "Configuration 'x' values must not be empty."),
        ("filled list", [], "Configuration 'x' must not be empty. Valid values include: any non-empty value"),
        ("filled list of a, b", [], "Configuration 'x' must not be empty. Valid values include: [a, b]"),
        ("list of a, b", ["a", "c"], "Invalid value c for configuration x: String must be one of: a, b"),
        ("not empty", "", "Invalid value  for configuration x: String must be non-empty"),
        ("not null", None, "Invalid value null for configuration x: entry must be non null"),
        (
            "gzip level",
            10,
            "Invalid value 10 for configuration x: Value must be between 1 and 9 or equal to -1",
        ),
        (
            "quorum voters",
            ["1@host"],
            "Failed to parse host name from entry 1@host for the configuration x. "
            "Each entry should be in the form `{id}@{host}:{port}`.",
        ),
        ("quorum voters", ["a@h:1"], "Failed to parse voter ID as an integer from a"),
        (
            "quorum servers",
            ["host"],
            "Failed to parse host name from host for the configuration x. "
            'Each entry should be in the form "{host}:{port}"',
        ),
    ],
)
def test_what_is_not_allowed_is_told_in_kafkas_words(allowed: str, value: Any, message: str) -> None:
    check = check_for(allowed)
    assert check is not None
    with pytest.raises(ConfigError) as refused:
        check("x", value)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("allowed", "value"),
    [
        (">= -1", -1),
        ("0 .. 0.5", 0.5),
        ("any case of A, B", "b"),
        ("list or null", None),
        ("list", []),
        ("throttled replicas", ["*"]),
        ("throttled replicas", ["0:1", "1:2"]),
        ("share offset reset", "by_duration:PT1H"),
        ("quorum voters", ["1@host:9093", "2@[::1]:9093"]),
        ("quorum servers", ["127.0.0.1:9093"]),
    ],
)
def test_what_is_allowed_passes(allowed: str, value: Any) -> None:
    check = check_for(allowed)
    assert check is not None
    check("x", value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1H", 3600),
        ("P1DT2M", 86_520),
        ("PT0.5S", 0.5),
        ("PT-0.5S", -0.5),
        ("-PT1M", -60),
        ("pt1h", 3600),
        ("PT", None),
        ("P", None),
        ("P1DT", None),
        ("1H", None),
    ],
)
def test_durations_are_read_as_java_does(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds
