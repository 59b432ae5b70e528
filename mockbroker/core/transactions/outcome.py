"""What the transaction coordinator is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mockbroker.core.transactions.metadata import NO_EPOCH, NO_PRODUCER_ID
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode

__all__ = ["Answer", "Outcome", "Producer", "known"]


class Producer(NamedTuple):
    """A transactional producer, as it names itself."""

    transactional_id: str
    producer_id: int
    producer_epoch: int


class Outcome(NamedTuple):
    """A code, and the producer id and epoch that the client is to go on with; -1 where there are none."""

    code: ErrorCode
    producer_id: int = NO_PRODUCER_ID
    producer_epoch: int = NO_EPOCH


#: Called with the outcome, at once or when what was decided is replicated.
Answer = Callable[[Outcome], None]


def known(pending: Pending) -> Any:
    """What a Pending was settled with, or the Pending while it was not."""
    return pending.reply if pending.is_settled else pending
