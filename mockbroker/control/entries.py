"""What the journal keeps of one exchange: the bytes, and who, when and where. Nothing is decoded here.

An entry is made for every request that arrives, so it is as small and as quickly made as can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockbroker.wire.caller import Caller

__all__ = ["Entry", "size_of"]


class Entry:
    """One exchange, as it was recorded.

    Attributes:
        at: when the request was taken up, by the brokers' clock, in seconds since the epoch.
        caller: the connection.
        frame: the request without its length. The log that took over its records has stamped offsets into them.
        answer: the buffers of the answer, the length first; None where none was due; a `Pending` while it is not
            there yet; the exception that ended the connection.
        answered_at: when a late answer came; None where it came at once.
        principal: whose request it was.
        fault: the names of the faults that befell it, with commas between.
        number: counts up from 0 in the life of a journal; -1 before it is filed.
        size: bytes that it counts for, 0 before it is filed.
    """

    __slots__ = ("answer", "answered_at", "at", "caller", "fault", "frame", "number", "principal", "size")

    def __init__(self, at: float, caller: Caller, frame: bytearray) -> None:
        self.at = at
        self.caller = caller
        self.principal = caller.principal
        self.frame = frame
        self.answer: Any = None
        self.answered_at: float | None = None
        self.fault: str | None = None
        self.number = -1
        self.size = 0


def size_of(answer: Any) -> int:
    """The bytes of an answer."""
    return sum(map(len, answer)) if answer.__class__ is list else 0
