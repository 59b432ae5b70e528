"""`server.properties`, in the format of `java.util.Properties`."""

from __future__ import annotations

import re

__all__ = ["parse_properties"]

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SPACE = " \t\f"
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse_properties(text: str) -> dict[str, str]:
    """Names and values; the last of several with one name counts."""
    found = {}
    for line in _logical_lines(text):
        end = _end_of_name(line)
        value = line[end:].lstrip(_SPACE)
        if value[:1] in ("=", ":") and value:
            value = value[1:].lstrip(_SPACE)
        found[_unescaped(line[:end])] = _unescaped(value)
    return found


def _logical_lines(text: str) -> list[str]:
    """Lines without comments and blank ones; a backslash at the end joins the next one."""
    lines: list[str] = []
    joined: str | None = None
    for raw in re.split(r"\r\n|\r|\n", text):
        line = raw.lstrip(_SPACE)
        if joined is None and (not line or line[0] in "#!"):
            continue
        line = (joined or "") + line
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            joined = line[:-1]
        else:
            joined = None
            lines.append(line)
    if joined:
        lines.append(joined)
    return lines


def _end_of_name(line: str) -> int:
    at = 0
    while at < len(line) and line[at] not in "=:" + _SPACE:
        at += 2 if line[at] == "\\" else 1
    return min(at, len(line))


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: _one(match[1], match[2]), text)


def _one(code: str | None, letter: str) -> str:
    return chr(int(code, 16)) if code else _LETTERS.get(letter, letter)
