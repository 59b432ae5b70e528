"""What the transaction coordinator is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mockbroker.core.transactions.metadata import NO_EPOCH, NO_PRODUCER_ID
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode

__all__ = ["Answer", "Outcome", "Producer", "outcome_of"]


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


def outcome_of(start: Callable[[Answer], None]) -> Outcome | Pending:
    """What `start` answers, or a Pending of it while it has not answered."""
    pending = Pending()
    start(pending.settle)
    if not pending.is_settled:
        return pending
    outcome: Outcome = pending.reply
    return outcome
