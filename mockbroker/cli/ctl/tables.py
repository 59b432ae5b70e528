"""Answers as text: tables of what is many, lines of what is one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = ["Column", "cell", "clock", "pairs", "table"]

#: A heading, and the field that stands under it, or what is made of a row.
Column = tuple[str, str | Callable[[Any], Any]]


def table(rows: Iterable[Any], columns: Sequence[Column]) -> str:
    """Rows under their headings; numbers to the right."""
    lines = [[heading for heading, _ in columns]]
    is_number = [True] * len(columns)
    for row in rows:
        values = [of(row) if callable(of) else row.get(of) for _, of in columns]
        for at, value in enumerate(values):
            is_number[at] &= value is None or (
                isinstance(value, (int, float)) and not isinstance(value, bool)
            )
        lines.append([cell(value) for value in values])
    widths = [max(map(len, each)) for each in zip(*lines, strict=True)]
    text = ""
    for line in lines:
        cells = [
            each.rjust(width) if right and len(lines) > 1 else each.ljust(width)
            for each, width, right in zip(line, widths, is_number, strict=True)
        ]
        text += "  ".join(cells).rstrip() + "\n"
    return text


def pairs(data: dict[str, Any]) -> str:
    """One thing: a line for each of its fields; those that are lists of things as tables below."""
    simple = {name: value for name, value in data.items() if not _is_rows(value)}
    width = max(map(len, simple), default=0)
    text = "".join(f"{name.ljust(width)}  {cell(value)}".rstrip() + "\n" for name, value in simple.items())
    for name, value in data.items():
        if _is_rows(value):
            text += f"\n{name}\n" + table(value, [(field, field) for field in value[0]])
    return text


def cell(value: Any) -> str:
    """A value on one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(cell, value)) or "-"
    if isinstance(value, dict):
        if set(value) == {"topic", "partition"}:
            return f"{value['topic']}-{value['partition']}"
        return ",".join(f"{name}={cell(each)}" for name, each in value.items()) or "-"
    return str(value).replace("\n", "\\n")


def clock(seconds: float) -> str:
    """Seconds since the epoch as a time of day, in UTC."""
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{when:%H:%M:%S}.{when.microsecond // 1000:03d}"


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and len(value[0]) > 2
