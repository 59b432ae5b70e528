"""What the transaction coordinator answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from mockbroker.core.transactions.metadata import NO_EPOCH, NO_PRODUCER_ID
from protocol_specs.errors import ErrorCode

__all__ = ["Answer", "Outcome"]


class Outcome(NamedTuple):
    """A code, and the producer id and epoch that the client is to go on with; -1 where there are none."""

    code: ErrorCode
    producer_id: int = NO_PRODUCER_ID
    producer_epoch: int = NO_EPOCH


#: Called with the outcome, at once or when what was decided is replicated.
Answer = Callable[[Outcome], None]

DONE: Final = Outcome(ErrorCode.NONE)
