"""How brokers reach the share coordinator: by looking for it, and again while it is moving.

Rules kept here (`PersisterStateManager`):

- A coordinator that is not available, not the right one any more, or does not know the topic yet, is looked for again
  after 2, 4, 8 and 16 seconds; then the caller is told.
- A broker that is cut off reaches no coordinator but its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mockbroker.core.share.state_shard import StateResult
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.share.keys import SharePartitionKey
    from mockbroker.core.share.state_records import ShareState
    from mockbroker.core.share.states import ShareStates

__all__ = ["Persister", "Then"]

#: Called with what became of a call.
Then = Callable[[StateResult], None]
#: Called with the coordinator's broker id.
_Operation = Callable[[int], StateResult | Pending]

_FIRST_BACKOFF: Final = 1.0
_MAX_ATTEMPTS: Final = 5
_RETRIED: Final = (
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.NETWORK_EXCEPTION,
)


class Persister:
    """Calls the share coordinator on behalf of a broker. `then` is called at once where nothing has to wait."""

    __slots__ = ("_cluster", "_states")

    def __init__(self, cluster: Cluster, states: ShareStates) -> None:
        self._cluster = cluster
        self._states = states

    def initialize(
        self, broker_id: int, key: SharePartitionKey, state_epoch: int, start_offset: int, then: Then
    ) -> None:
        self._call(
            broker_id,
            key,
            "initialize state",
            lambda coordinator: self._states.initialize(coordinator, key, state_epoch, start_offset),
            then,
        )

    def read(self, broker_id: int, key: SharePartitionKey, leader_epoch: int, then: Then) -> None:
        self._call(
            broker_id,
            key,
            "read state",
            lambda coordinator: self._states.read(coordinator, key, leader_epoch),
            then,
        )

    def write(
        self,
        broker_id: int,
        key: SharePartitionKey,
        state_epoch: int,
        leader_epoch: int,
        change: ShareState,
        then: Then,
    ) -> None:
        self._call(
            broker_id,
            key,
            "write state",
            lambda coordinator: self._states.write(coordinator, key, state_epoch, leader_epoch, change),
            then,
        )

    def delete(self, broker_id: int, key: SharePartitionKey, then: Then) -> None:
        self._call(
            broker_id, key, "delete state", lambda coordinator: self._states.delete(coordinator, key), then
        )

    def summarize(self, broker_id: int, key: SharePartitionKey, then: Then) -> None:
        self._call(
            broker_id,
            key,
            "read state summary",
            lambda coordinator: self._states.summarize(coordinator, key),
            then,
        )

    def _call(
        self, broker_id: int, key: SharePartitionKey, name: str, operation: _Operation, then: Then
    ) -> None:
        _Call(self._cluster, self._states, broker_id, key, name, operation, then).attempt()


class _Call:
    """One call, until it is answered."""

    __slots__ = ("attempts", "broker_id", "cluster", "key", "name", "operation", "states", "then")

    def __init__(
        self,
        cluster: Cluster,
        states: ShareStates,
        broker_id: int,
        key: SharePartitionKey,
        name: str,
        operation: _Operation,
        then: Then,
    ) -> None:
        self.cluster = cluster
        self.states = states
        self.broker_id = broker_id
        self.key = key
        self.name = name
        self.operation = operation
        self.then = then
        self.attempts = 0

    def attempt(self) -> None:
        self.attempts += 1
        try:
            coordinator = self._find()
        except KafkaError as error:
            self._failed(
                StateResult(error.code, error.message), "Error in find coordinator.", "find coordinator"
            )
            return
        answer = self.operation(coordinator)
        if isinstance(answer, Pending):
            pending = answer
            pending.on_settled = lambda: self._answered(pending.reply)
        else:
            self._answered(answer)

    def _find(self) -> int:
        coordinator = self.states.coordinator_of(self.key)
        nodes = self.cluster.nodes
        if coordinator != self.broker_id and not (
            nodes[self.broker_id].is_connected and nodes[coordinator].is_connected
        ):
            raise KafkaError(ErrorCode.NETWORK_EXCEPTION)
        return coordinator

    def _answered(self, result: StateResult) -> None:
        if result.error_code:
            self._failed(result, f"Error in {self.name} RPC.", f"complete {self.name} RPC")
        else:
            self.then(result)

    def _failed(self, result: StateResult, prefix: str, task: str) -> None:
        text = result.error_message
        if result.error_code in _RETRIED:
            if self.attempts < _MAX_ATTEMPTS:
                self.cluster.clock.call_later(_FIRST_BACKOFF * 2**self.attempts, self.attempt)
                return
            text = f"Exhausted max retries to {task} without success."
        self.then(StateResult(result.error_code, f"{prefix} {text}"))
