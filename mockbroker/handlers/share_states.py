"""What the five APIs of the share coordinator have in common (KIP-932): they are for brokers, and ask about many share
partitions of one group at once.

Kafka: `KafkaApis`, `ShareCoordinatorService`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_records import UNKNOWN_COUNT, ShareState
from mockbroker.core.share.state_shard import StateResult
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_all_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import Api

__all__ = ["StateApi"]

#: What a partition of an answer says of the state where there is none to tell.
_NOTHING = ShareState(start_offset=0, delivery_complete_count=UNKNOWN_COUNT)


class StateApi(NamedTuple):
    """One of the APIs.

    Attributes:
        ask: called as `ask(call, key, partition)` with each partition of the request.
        fields: what an answered partition says beside the error.
        skips_empty: whether a topic without partitions makes the whole answer empty.
    """

    api: Api
    ask: Callable[[Call, SharePartitionKey, Any], Any]
    fields: Callable[[ShareState], dict[str, Any]] = lambda state: {}
    skips_empty: bool = True

    def handle(self, request: Any, call: Call) -> Any:
        if not call.allows(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER, CLUSTER_NAME):
            return self.refuse(request, call, KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED))
        topics = request.topics
        if not request.group_id or (self.skips_empty and not all(topic.partitions for topic in topics)):
            return self.api.response(results=[])
        asked = {
            SharePartitionKey(request.group_id, topic.topic_id, one.partition): one
            for topic in topics
            for one in topic.partitions
        }
        return when_all_ready(
            [self.ask(call, key, one) for key, one in asked.items()],
            lambda results: self._pack(dict(zip(asked, results, strict=True))),
        )

    def refuse(self, request: Any, call: Call, error: KafkaError) -> Any:
        """The error, for each partition."""
        refused = StateResult(error.code, error.code.message)
        return self._pack(
            {
                SharePartitionKey(request.group_id, topic.topic_id, one.partition): refused
                for topic in request.topics
                for one in topic.partitions
            }
        )

    def _pack(self, results: dict[SharePartitionKey, StateResult]) -> Any:
        topic_of = self.api.response.results
        by_topic: dict[bytes, list[Any]] = {}
        for key, result in results.items():
            by_topic.setdefault(key.topic_id, []).append(self._partition(key.partition, result))
        return self.api.response(
            results=[
                topic_of(topic_id=topic_id, partitions=sorted(partitions, key=lambda one: one.partition))
                for topic_id, partitions in by_topic.items()
            ]
        )

    def _partition(self, index: int, result: StateResult) -> Any:
        return self.api.response.results.partitions(
            partition=index,
            error_code=result.error_code,
            error_message=result.error_message,
            **self.fields(_NOTHING if result.error_code else result.state),
        )
