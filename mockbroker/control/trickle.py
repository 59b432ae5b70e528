"""Answers that do not leave whole, or not at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mockbroker.control.fault_spec import FaultSpec
from mockbroker.control.pauses import Pauses
from mockbroker.core.waiting import Part, Pending
from mockbroker.wire.caller import Disconnect

__all__ = ["trickle"]

#: Pieces in a second, where only the bandwidth is given.
_PIECES_PER_SECOND = 20


def trickle(buffers: list[Any], specs: Iterable[FaultSpec], pauses: Pauses) -> Any:
    """The answer in pieces, as `truncate`, `slice` and `bandwidth` of these faults say; the narrowest counts."""
    specs = list(specs)
    whole = memoryview(b"".join(buffers))
    cuts = [spec.truncate for spec in specs if spec.truncate is not None]
    slices = [spec.slice for spec in specs if spec.slice is not None]
    bandwidths = [spec.bandwidth for spec in specs if spec.bandwidth is not None]
    bandwidth = min(bandwidths, default=None)
    paced = len(whole) if bandwidth is None else max(1, int(bandwidth / _PIECES_PER_SECOND))
    size = min(slices, default=paced)
    if cuts:
        whole = whole[: min(cuts)]
    return _Trickle(whole, size, bandwidth, bool(cuts), pauses).start()


class _Trickle:
    """An answer on its way."""

    def __init__(
        self, whole: memoryview, size: int, bandwidth: float | None, is_cut: bool, pauses: Pauses
    ) -> None:
        self._pieces = [whole[at : at + size] for at in range(0, len(whole), size)] or [whole]
        self._interval = None if bandwidth is None else size / bandwidth
        self._is_cut = is_cut
        self._pauses = pauses

    def start(self) -> Any:
        """What leaves at first, and then what follows."""
        if self._interval is not None:
            return self._paced(0)
        following: Any = self._last()
        for piece in reversed(self._pieces[:-1]):
            following = Part([piece], _settled(following))
        return following

    def _paced(self, at: int) -> Any:
        if at + 1 == len(self._pieces):
            return self._last()
        assert self._interval is not None
        rest = self._pauses.of(self._interval).then(lambda _: self._paced(at + 1))
        return Part([self._pieces[at]], rest)

    def _last(self) -> Any:
        if not self._is_cut:
            return [self._pieces[-1]]
        return Part([self._pieces[-1]], _settled(Disconnect("a fault says so: truncate", is_intended=True)))


def _settled(reply: Any) -> Pending:
    pending = Pending()
    pending.settle(reply)
    return pending
