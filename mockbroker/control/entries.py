"""What the journal keeps of one exchange: the bytes, and who, when and where. Nothing is decoded here.

Something is kept of every request that arrives, so it is as small and as quickly made as can be: for most of them a
tuple.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockbroker.wire.caller import Caller

__all__ = ["Entry", "Kept", "entry_of", "size_of"]


class Entry:
    """One exchange whose answer was not clear at once: it came late, or faults had their hands in it.

    Attributes:
        at: when the request was taken up, by the brokers' clock, in seconds since the epoch.
        caller: the connection.
        frame: the request without its length. The log that took over its records has stamped offsets into them.
        answer: the buffers of the answer, the length first; None where none was due, or is not there yet; the
            `Disconnect` that ended the connection.
        answered_at: when a late answer came; None where it came at once.
        is_answered: whether nothing more is to come.
        fault: what faults did to it, in words; None where nothing was done.
        is_cut: whether only a part of the answer was sent.
        is_filed: whether the journal has measured it.
    """

    __slots__ = (
        "answer",
        "answered_at",
        "at",
        "caller",
        "fault",
        "frame",
        "is_answered",
        "is_cut",
        "is_filed",
    )

    def __init__(
        self, at: float, caller: Caller, frame: bytearray, answer: Any = None, is_answered: bool = False
    ) -> None:
        self.at = at
        self.caller = caller
        self.frame = frame
        self.answer = answer
        self.answered_at: float | None = None
        self.is_answered = is_answered
        self.fault: str | None = None
        self.is_cut = False
        self.is_filed = False


#: An exchange as it is kept; the tuple has `at`, `caller`, `frame` and `answer` of one that was answered at once.
Kept = Entry | tuple[float, "Caller", bytearray, Any]


def size_of(kept: Kept) -> int:
    """The bytes of an exchange."""
    if kept.__class__ is tuple:
        frame, answer = kept[2:]
    else:
        frame, answer = kept.frame, kept.answer  # type: ignore[union-attr]
    if answer.__class__ is not list:
        return len(frame)
    return len(frame) + (len(answer[0]) if len(answer) == 1 else sum(map(len, answer)))


def entry_of(kept: Kept) -> Entry:
    """An exchange with names for everything."""
    return Entry(*kept, is_answered=True) if isinstance(kept, tuple) else kept
