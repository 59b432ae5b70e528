"""Expected output as a readable block: spacing is the tools' own affair, `<name>` stands for what varies."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

PLACEHOLDERS = {
    "id": r"[A-Za-z0-9_-]{22}",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "ts": r"\d{13}",
    "n": r"\d+",
    "number": r"[\d.]+",
    "time": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}",
    "base64": r"[A-Za-z0-9+/=]+",
    "any": r".*",
}


def lines_of(text: str) -> list[str]:
    """The lines that say something, each with its runs of blanks and tabs made one blank."""
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]


def pattern_of(line: str) -> re.Pattern[str]:
    """A pattern for one expected line."""
    parts = re.split(r"<([a-z0-9]+)>", line)
    return re.compile(
        "".join(PLACEHOLDERS[part] if at % 2 else re.escape(part) for at, part in enumerate(parts))
    )


def difference(expected: str, actual: Sequence[str], *, any_order: bool = False) -> str:
    """Empty when every expected line has its actual one and no more; else a readable account."""
    wanted = lines_of(expected)
    if any_order:
        left = list(actual)
        missing = []
        for line in wanted:
            pattern = pattern_of(line)
            match = next((other for other in left if pattern.fullmatch(other)), None)
            if match is None:
                missing.append(line)
            else:
                left.remove(match)
        return "\n".join([f"- {line}" for line in missing] + [f"+ {line}" for line in left])
    if len(wanted) == len(actual) and all(
        pattern_of(line).fullmatch(other) for line, other in zip(wanted, actual, strict=True)
    ):
        return ""
    alike = [
        other if at < len(wanted) and pattern_of(wanted[at]).fullmatch(other) else None
        for at, other in enumerate(actual)
    ]
    shown = [line if at >= len(alike) or alike[at] is None else actual[at] for at, line in enumerate(wanted)]
    return "\n".join(difflib.ndiff(shown, list(actual)))
