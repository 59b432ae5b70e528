"""Faults: what is to go wrong with which requests, for as long as a test wants it.

Rules kept here:

- Every request is shown to every fault that is set, in the order in which they were set, and each that matches counts
  it. Those that fire act on it together (`Interference`).
- A fault that has fired as often as it may is over; one that never fired is a mistake of the test, unless it says
  otherwise, and tells which requests came near.
- Nothing here knows how the cluster works inside: only who asks what.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mockbroker.control.asked import Asked
from mockbroker.control.fault_spec import FaultSpec
from mockbroker.control.interference import Interference, Upstream
from mockbroker.control.matching import Matcher
from mockbroker.control.pauses import Pauses
from mockbroker.control.problems import NotFound
from mockbroker.core.waiting import Pending

__all__ = ["Fault", "FaultNeverFired", "Faults", "never_fired"]

_NEAR_KEPT = 5


class FaultNeverFired(AssertionError):
    """A fault that was required did not befall any request."""


class Fault:
    """A fault that is set.

    Attributes:
        id: unique in the cluster's life.
        hits: how often it fired.
        seen: how many requests matched.
        is_active: whether it may still fire.
        near: the last requests of its API that did not match, and by which field, before it first fired.
    """

    def __init__(self, id: int, spec: FaultSpec, rng: random.Random) -> None:
        self.id = id
        self.spec = spec
        self.matcher = Matcher(spec)
        self.hits = 0
        self.seen = 0
        self.is_active = True
        self.near: deque[tuple[str, str]] = deque(maxlen=_NEAR_KEPT)
        self.missed_by: Counter[str] = Counter()
        self._rng = rng
        self._hanging: list[Pending] = []

    @property
    def title(self) -> str:
        """What it does to what, in words."""
        return f"{self.spec.matched}: {self.spec.done}"

    def fires_on(self, asked: Asked) -> bool:
        """Whether it acts on a request; counts it."""
        missed = self.matcher.miss(asked)
        if missed is not None:
            if not self.hits and self.matcher.is_of_api(asked):
                self.missed_by[missed] += 1
                self.near.append((str(asked), missed))
            return False
        self.seen += 1
        spec = self.spec
        turn = self.seen - spec.skip
        if turn <= 0 or turn % spec.every:
            return False
        if spec.probability < 1 and self._rng.random() >= spec.probability:
            return False
        self.hits += 1
        self.is_active = spec.times is None or self.hits < spec.times
        return True

    def hang(self) -> Pending:
        """Is settled when the fault is removed."""
        pending = Pending()
        self._hanging.append(pending)
        return pending

    def release(self) -> None:
        """It is removed: what hangs goes on."""
        self.is_active = False
        hanging, self._hanging = self._hanging, []
        for pending in hanging:
            pending.settle(None)

    def as_data(self) -> dict[str, Any]:
        """As plain data: what it is, with `id`, `hits`, `seen` and `active`."""
        return {
            "id": self.id,
            **self.spec.as_data(),
            "hits": self.hits,
            "seen": self.seen,
            "active": self.is_active,
        }


class Faults:
    """All faults of one cluster.

    Args:
        pauses: for their delays.
        rng: for their probabilities.
        on_change: told whether any may still fire.
    """

    def __init__(self, pauses: Pauses, rng: random.Random, on_change: Callable[[bool], object]) -> None:
        self._pauses = pauses
        self._rng = rng
        self._on_change = on_change
        self._faults: dict[int, Fault] = {}
        self._active: list[Fault] = []
        self._made = 0

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, spec: FaultSpec) -> Fault:
        """Set a fault."""
        self._made += 1
        fault = self._faults[self._made] = Fault(self._made, spec, self._rng)
        self._active.append(fault)
        self._on_change(True)
        return fault

    def find(self, id: int) -> Fault:
        """
        Raises:
            NotFound: there is no such fault, or it was removed.
        """
        fault = self._faults.get(id)
        if fault is None:
            raise NotFound("fault", id)
        return fault

    def remove(self, id: int) -> Fault:
        """Take a fault away; what it let hang goes on.

        Raises:
            NotFound: there is no such fault, or it was removed.
        """
        fault = self.find(id)
        self.discard(fault)
        return fault

    def discard(self, fault: Fault) -> None:
        """Take a fault away. Harmless when it is gone."""
        self._faults.pop(fault.id, None)
        fault.release()
        self._drop_inactive()

    def clear(self) -> None:
        """Take all faults away."""
        for id in list(self._faults):
            self.remove(id)

    def never_fired(self) -> list[Fault]:
        """The faults that are required and have not fired."""
        return [fault for fault in self if fault.spec.required and not fault.hits]

    def answer(self, upstream: Upstream) -> Any:
        """Have a request answered as the faults want it: see `Interference.answer`.

        Raises:
            Disconnect: the connection is to end.
        """
        asked = upstream.asked
        firing = [fault for fault in self._active if fault.fires_on(asked)]
        if firing:
            if not all(fault.is_active for fault in firing):
                self._drop_inactive()
            upstream.entry.fault = ", ".join(fault.spec.name or fault.spec.done for fault in firing)
        return Interference(upstream, firing, self._pauses).answer()

    def _drop_inactive(self) -> None:
        self._active = [fault for fault in self._active if fault.is_active]
        self._on_change(bool(self._active))


def never_fired(faults: Iterable[Fault], recent: Iterable[object]) -> FaultNeverFired | None:
    """What is to be raised, if anything.

    Args:
        faults: that should have fired, and did not.
        recent: the last exchanges, to be told where no request came near.
    """
    lines = []
    for fault in faults:
        lines.append(f"a fault never fired: {fault.title}")
        lines += _why_not(fault)
        if not fault.seen and not fault.near:
            shown = [f"    {exchange}" for exchange in recent]
            lines += (
                ["  no request of that API came; the last ones were:", *shown]
                if shown
                else ["  no request came"]
            )
    return FaultNeverFired("\n".join(lines)) if lines else None


def _why_not(fault: Fault) -> list[str]:
    lines = []
    spec = fault.spec
    if fault.seen:
        limits = f"skip={spec.skip}, every={spec.every}, probability={spec.probability}"
        lines.append(f"  {fault.seen} requests matched, but it was told to wait ({limits})")
    if fault.near:
        total = sum(fault.missed_by.values())
        lines.append(f"  requests that came near ({total}):")
        for text, field in fault.near:
            lines.append(f"    {text}: {field} is not {getattr(spec, field)!r}")
    return lines
