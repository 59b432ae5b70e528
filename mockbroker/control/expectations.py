"""Assertions about records, whose failures show what was there instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mockbroker.control.views import Record

__all__ = ["ANYTHING", "Expected"]

_SHOWN = 20
_LONGEST = 120


class _Anything:
    """Stands for whatever there is."""

    def __repr__(self) -> str:
        return "ANYTHING"


#: What an expectation says of something that may be as it likes.
ANYTHING: Any = _Anything()


class Expected:
    """What a record is to be like.

    Args:
        topic: for the failure's text.
        key, value: bytes; text; None; a dict or list, which the bytes are to be as JSON; or a function that says yes.
        headers: those that it must have, by name, among others.
        partition: None for any.
    """

    def __init__(
        self,
        topic: str,
        *,
        key: Any = ANYTHING,
        value: Any = ANYTHING,
        headers: Mapping[str, Any] | None = None,
        partition: int | None = None,
    ) -> None:
        self._topic = topic
        self._key = key
        self._value = value
        self._headers = dict(headers or {})
        self._partition = partition

    def __str__(self) -> str:
        words = [
            f"{name}={wanted!r}"
            for name, wanted in (("key", self._key), ("value", self._value))
            if wanted is not ANYTHING
        ]
        if self._headers:
            words.append(f"headers={self._headers!r}")
        where = self._topic if self._partition is None else f"{self._topic}-{self._partition}"
        return f"{where} with {', '.join(words)}" if words else where

    def find(self, records: Iterable[Record]) -> list[Record]:
        """Those that are as expected."""
        return [record for record in records if self._fits(record)]

    def check(self, records: Sequence[Record], count: int | None) -> list[Record]:
        """
        Args:
            count: how many are to be as expected; None: at least one.

        Returns:
            Those that are.

        Raises:
            AssertionError: there are more or fewer; the text shows what is there.
        """
        found = self.find(records)
        if len(found) == count or (count is None and found):
            return found
        wanted = "at least one record" if count is None else f"{count} records"
        lines = [f"expected {wanted} in {self}, found {len(found)} among {len(records)}:"]
        lines += [f"  {'*' if record in found else ' '} {_shown(record)}" for record in records[:_SHOWN]]
        if len(records) > _SHOWN:
            lines.append(f"    ... and {len(records) - _SHOWN} more")
        raise AssertionError("\n".join(lines))

    def _fits(self, record: Record) -> bool:
        if self._partition is not None and record.partition != self._partition:
            return False
        headers = dict(record.headers)
        return (
            _is_like(record.key, self._key)
            and _is_like(record.value, self._value)
            and all(
                name in headers and _is_like(headers[name], wanted) for name, wanted in self._headers.items()
            )
        )


def _is_like(content: bytes | None, wanted: Any) -> bool:
    if wanted is ANYTHING:
        return True
    if wanted is None or isinstance(wanted, bytes):
        return content == wanted
    if isinstance(wanted, str):
        return content == wanted.encode()
    if isinstance(wanted, Callable):  # type: ignore[arg-type]
        return bool(wanted(content))
    try:
        return content is not None and json.loads(content) == wanted
    except ValueError:
        return False


def _shown(record: Record) -> str:
    headers = f" headers={record.headers!r}" if record.headers else ""
    return (
        f"{record.topic}-{record.partition}@{record.offset} "
        f"key={_short(record.key)} value={_short(record.value)}{headers}"
    )


def _short(content: bytes | None) -> str:
    text = repr(content)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(content or b'')} bytes)"
