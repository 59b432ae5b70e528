"""What administrators see of transactions: list and describe (KIP-664, KIP-994, KIP-1152)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.core.java_maps import concurrent_map_order, scala_immutable_order
from mockbroker.core.java_strings import string_hash
from mockbroker.core.transactions.states import STATE_NAMES
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.time import Clock
    from mockbroker.core.transactions.metadata import TransactionMetadata
    from mockbroker.core.transactions.state_log import StateLog

__all__ = ["Filters", "Queries"]

_BY_NAME = {name: state for state, name in STATE_NAMES.items()}


class Filters(NamedTuple):
    """What ListTransactions asks for. All must match.

    Attributes:
        states: names; empty for any.
        producer_ids: empty for any.
        longer_than_ms: only those that began longer ago; negative for any.
        matches: whether an id is asked for; None for any.
    """

    states: Sequence[str] = ()
    producer_ids: Sequence[int] = ()
    longer_than_ms: int = -1
    matches: Callable[[str], bool] | None = None

    @property
    def unknown_states(self) -> list[str]:
        """Names that no state has, each once."""
        names = scala_immutable_order(dict.fromkeys(self.states), string_hash)
        return [name for name in names if name not in _BY_NAME]


class Queries:
    """Looks at the table, and changes nothing."""

    def __init__(self, clock: Clock, log: StateLog) -> None:
        self._clock = clock
        self._log = log

    def list(self, node_id: int, filters: Filters) -> list[TransactionMetadata]:
        """The transactions that a broker coordinates, as Kafka's maps of them are walked."""
        states = {_BY_NAME[name] for name in filters.states if name in _BY_NAME}
        producer_ids, now_ms = frozenset(filters.producer_ids), self._clock.now_ms
        found = []
        for shard in self._log.shards_at(node_id):
            for name in concurrent_map_order(shard.transactions, string_hash):
                metadata = shard.transactions[name].metadata
                if producer_ids and metadata.producer_id not in producer_ids:
                    continue
                if filters.states and metadata.state not in states:
                    continue
                if filters.longer_than_ms >= 0 and now_ms - metadata.start_ms <= filters.longer_than_ms:
                    continue
                if filters.matches is None or filters.matches(metadata.transactional_id):
                    found.append(metadata)
        return found

    def describe(self, node_id: int, transactional_id: str) -> TransactionMetadata:
        """One transaction.

        Raises:
            KafkaError: INVALID_REQUEST, NOT_COORDINATOR, TRANSACTIONAL_ID_NOT_FOUND.
        """
        if not transactional_id:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        transaction = self._log.shard_for(node_id, transactional_id).transactions.get(transactional_id)
        if transaction is None:
            raise KafkaError(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
        return transaction.metadata
