"""What ShareFetch and ShareAcknowledge have in common: whom they let in, and a member's acknowledgements.

Kafka: `KafkaApis.handleAcknowledgements`, `.validateAcknowledgementBatches`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mockbroker.core.share.acknowledgement import RENEW, AcknowledgementBatch
from mockbroker.core.share.partitions import Acknowledged
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_groups import is_served, may_be_member_id
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["HINTED", "Outcome", "acknowledge", "check_member"]

#: The code and text of each partition, by topic id and index.
Outcome = dict[tuple[bytes, int], tuple[ErrorCode, str | None]]

#: Errors of a partition that are answered with its present leader.
HINTED: Final = (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH)

_KNOWS_RENEW: Final = 2


def check_member(request: Any, call: Call) -> None:
    """Refuse a request that does not come from a member of a share group.

    Raises:
        KafkaError: UNSUPPORTED_VERSION while share groups are off; INVALID_REQUEST, GROUP_AUTHORIZATION_FAILED.
    """
    if not is_served(call):
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION)
    if request.group_id is None:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Invalid group id in the request.")
    if not call.allows(AclOperation.READ, ResourceType.GROUP, request.group_id):
        raise KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED)
    if not may_be_member_id(request.member_id):
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Invalid member id in the request.")


def acknowledge(request: Any, call: Call) -> Any:
    """Take in the acknowledgements of a request.

    Returns:
        An `Outcome`, or a Pending that is settled with one. Partitions with nothing to acknowledge are part of it only
        where there is something for others.
    """
    refused: Outcome = {}
    empty: Outcome = {}
    batches: dict[tuple[bytes, int], list[AcknowledgementBatch]] = {}
    for topic in request.topics:
        known = call.image.topics_by_id.get(topic.topic_id)
        is_allowed = known is not None and call.allows(AclOperation.READ, ResourceType.TOPIC, known.name)
        for one in topic.partitions:
            key = topic.topic_id, one.partition_index
            asked = [
                AcknowledgementBatch(batch.first_offset, batch.last_offset, batch.acknowledge_types)
                for batch in one.acknowledgement_batches
            ]
            if known is None:
                refused[key] = ErrorCode.UNKNOWN_TOPIC_ID, None
            elif not _are_valid(asked, request.is_renew_ack, call.version):
                refused[key] = ErrorCode.INVALID_REQUEST, None
            elif not is_allowed:
                refused[key] = ErrorCode.TOPIC_AUTHORIZATION_FAILED, None
            elif not 0 <= one.partition_index < len(call.partitions_of(known)):
                refused[key] = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, None
            elif not asked:
                empty[key] = ErrorCode.NONE, None
            else:
                batches[key] = asked
    if not batches:
        return refused

    def pack(results: Acknowledged) -> Outcome:
        outcome: Outcome = {
            key: (ErrorCode.NONE, None) if error is None else (error.code, error.message)
            for key, error in results.items()
        }
        return {**outcome, **refused, **empty}

    return when_ready(
        call.core.share_partitions.acknowledge(call.node.id, request.group_id, request.member_id, batches),
        pack,
    )


def _are_valid(batches: Sequence[AcknowledgementBatch], may_renew: bool, version: int) -> bool:
    """Whether the batches are in order, and have a type for all of their records or for each."""
    last_type = RENEW if version >= _KNOWS_RENEW else RENEW - 1
    end = -1
    for first, last, types in batches:
        if first > last or first < end or not types:
            return False
        if len(types) > 1 and last - first != len(types) - 1:
            return False
        if any(not 0 <= kind <= last_type or (kind == RENEW and not may_renew) for kind in types):
            return False
        end = last
    return True
