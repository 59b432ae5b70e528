"""The corners of `java.util.Properties`."""

from __future__ import annotations

import pytest

from mockbroker.cli.properties import parse_properties


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("num.partitions=3", {"num.partitions": "3"}),
        ("a=1\nb = 2\r\nc:3\rd : 4\ne 5\nf\t6", dict(zip("abcdef", "123456", strict=True))),
        ("# comment\n! comment\n\n   \n  a=1  ", {"a": "1  "}),
        ("a=1\na=2", {"a": "2"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=x", {"": "x"}),
        ("a==b", {"a": "=b"}),
        ("list=one,\\\n    two,\\\n    three", {"list": "one,two,three"}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        ("a=1\\\n# not a comment", {"a": "1# not a comment"}),
        ("with\\ space\\=x=\\u00e9\\t\\q", {"with space=x": "é\tq"}),
        ("last=joined\\", {"last": "joined"}),
        ("log.dirs=C:\\\\kafka", {"log.dirs": "C:\\kafka"}),
    ],
)
def test_parse(text: str, expected: dict[str, str]) -> None:
    assert parse_properties(text) == expected
