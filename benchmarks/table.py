"""What was measured: each figure in each round, their medians, and how ours compares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.peers import NAMES

__all__ = ["Figure", "Table"]


class Figure(NamedTuple):
    """One thing that is measured: "c Produce 100 B, p50", in "us". `more_is_better` as for records a second."""

    name: str
    unit: str
    more_is_better: bool = False


class Table:
    """All figures of a run, by peer, with a value for each round."""

    def __init__(self) -> None:
        self._values: dict[Figure, dict[str, list[float]]] = {}

    def add(self, figure: Figure, peer: str, value: float) -> None:
        self._values.setdefault(figure, {}).setdefault(peer, []).append(value)

    def lines(self) -> Iterator[str]:
        """The table as Markdown, columns aligned. A ratio above 1 says that ours is better so many times."""
        others = [name for name in NAMES if name != "ours"]
        rows: list[Sequence[str]] = [
            ["row", *NAMES, "spread", *(f"ours : {name}" for name in others)],
        ]
        for figure, values in self._values.items():
            middle = {name: median(found) for name, found in values.items()}
            cells = [_shown(middle[name], figure.unit) if name in middle else "" for name in NAMES]
            ratios = [_ratio(figure, middle, name) for name in others]
            rows.append([figure.name, *cells, _spread(values.get("ours", [])), *ratios])
        widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        for number, row in enumerate(rows):
            yield _line(row, widths)
            if number == 0:
                yield (
                    "|"
                    + "|".join("-" * (width + 1) + (":" if at else "-") for at, width in enumerate(widths))
                    + "|"
                )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "| " + " | ".join([first, *rest]) + " |"


def _shown(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _spread(values: Sequence[float]) -> str:
    """How far ours was from its median at most, over the rounds."""
    if len(values) < 2:
        return ""
    middle = median(values)
    return f"±{max(abs(value - middle) for value in values) / middle:.0%}" if middle else ""


def _ratio(figure: Figure, middle: dict[str, float], name: str) -> str:
    if name not in middle or "ours" not in middle or not middle["ours"] or not middle[name]:
        return ""
    ours, theirs = middle["ours"], middle[name]
    ratio = ours / theirs if figure.more_is_better else theirs / ours
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
