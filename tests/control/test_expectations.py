"""Assertions about records, and what their failures show."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.control.expectations import Expected
from mockbroker.control.views import Record

RECORDS = [
    Record("t", 0, 0, 0, b"k", b"v", [("h", b"1"), ("i", None)], 0),
    Record("t", 1, 0, 0, None, b'{"a": 1}', [], 0),
    Record("t", 1, 1, 0, b"k", None, [], 0),
]


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        ({}, [(0, 0), (1, 0), (1, 1)]),
        ({"key": b"k"}, [(0, 0), (1, 1)]),
        ({"key": "k", "value": "v"}, [(0, 0)]),
        ({"key": None}, [(1, 0)]),
        ({"value": None}, [(1, 1)]),
        ({"value": {"a": 1}}, [(1, 0)]),
        ({"value": {"a": 2}}, []),
        ({"value": lambda value: value is not None and b"a" in value}, [(1, 0)]),
        ({"headers": {"h": "1"}}, [(0, 0)]),
        ({"headers": {"i": None}}, [(0, 0)]),
        ({"headers": {"x": None}}, []),
        ({"partition": 1}, [(1, 0), (1, 1)]),
    ],
)
def test_what_fits(wanted: dict[str, Any], offsets: list[tuple[int, int]]) -> None:
    found = Expected("t", **wanted).find(RECORDS)
    assert [(record.partition, record.offset) for record in found] == offsets


def test_a_failure_shows_what_is_there() -> None:
    with pytest.raises(AssertionError) as caught:
        Expected("t", key="k", value="w").check(RECORDS, None)
    assert str(caught.value) == (
        "expected at least one record in t with key='k', value='w', found 0 among 3:\n"
        "    t-0@0 key=b'k' value=b'v' headers=[('h', b'1'), ('i', None)]\n"
        "    t-1@0 key=None value=b'{\"a\": 1}'\n"
        "    t-1@1 key=b'k' value=None"
    )


def test_too_many() -> None:
    with pytest.raises(
        AssertionError, match=r"expected 1 records in t-1, found 2 among 3:\n(.*\n)*  \* t-1@1"
    ):
        Expected("t", partition=1).check(RECORDS, 1)


def test_long_ones_are_cut() -> None:
    many = [Record("t", 0, at, 0, None, bytes(500), [], 0) for at in range(50)]
    with pytest.raises(AssertionError, match=r"\.\.\. \(500 bytes\)\n(.*\n)*    \.\.\. and 30 more$"):
        Expected("t", key="k").check(many, None)
