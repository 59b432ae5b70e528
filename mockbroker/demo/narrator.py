"""Prints the steps of the demo, and counts those that did not hold."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

__all__ = ["Narrator", "Unheld"]


class Unheld(Exception):
    """What a step set out to show did not happen."""


class Narrator:
    """Runs steps one after the other; one that fails does not hide the others."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._number = 0
        self._began = perf_counter()

    def step(self, title: str, action: Callable[[Narrator], None]) -> None:
        """Run one step under its title."""
        self._number += 1
        print(f"\n{self._number}. {title}")
        began = perf_counter()
        try:
            action(self)
        except Exception as error:
            self.failed.append(title)
            kind = "" if isinstance(error, Unheld) else f"{type(error).__name__}: "
            print(f"   did not hold: {kind}{error}")
        else:
            print(f"   held, in {perf_counter() - began:.2f} s")

    def say(self, text: str) -> None:
        """One line of what is seen."""
        print(f"   {text}")

    def check(self, claim: str, holds: bool) -> None:
        """Say what is claimed.

        Raises:
            Unheld: it does not hold.
        """
        if not holds:
            raise Unheld(claim)
        self.say(f"ok: {claim}")

    def end(self) -> int:
        """Sum up; gives the exit code."""
        seconds = perf_counter() - self._began
        if self.failed:
            print(f"\n{len(self.failed)} of {self._number} steps did not hold: {'; '.join(self.failed)}")
            return 1
        print(f"\nAll {self._number} steps held, in {seconds:.1f} s.")
        return 0
