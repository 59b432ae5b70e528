"""Metadata (KIP-4, KIP-430, KIP-516, KIP-700).

Kafka: `KafkaApis.handleTopicMetadataRequest`, `KRaftMetadataCache`, `AutoTopicCreationManager`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from mockbroker.core.java_maps import (
    MOST_AS_THEY_CAME,
    persistent_map_order,
    scala_immutable_order,
    scala_map_order,
    scala_trie_order,
    uuid_hash,
)
from mockbroker.core.java_strings import string_hash
from mockbroker.core.topics import INTERNAL_TOPICS, check_topic_name
from mockbroker.handlers.authorized_operations import CLUSTER_NAME, NOT_ASKED, operations_on
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.metadata import METADATA

if TYPE_CHECKING:
    from mockbroker.core.replicas import Partition
    from mockbroker.core.topics import Topic

__all__ = ["handle", "refuse"]

_RESPONSE = METADATA.response
_BROKER = _RESPONSE.brokers
_TOPIC = _RESPONSE.topics
_PARTITION = _TOPIC.partitions

_ZERO_UUID = bytes(16)
_NO_LEADER = -1
_UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION

#: What is to be said of a topic that there is: a message, or its bytes.
Known = Callable[[Call, "Topic"], Any]

#: The first version that can name topics by id.
_BY_TOPIC_ID = 12


def handle(request: Any, call: Call) -> Any:
    # An empty list means all topics in version 0, and none since.
    wants_all = request.topics is None or (call.version == 0 and not request.topics)
    asked = [] if wants_all else request.topics
    _check(asked, call.version)
    core = call.core
    known = _known if request.include_topic_authorized_operations else _encoded
    topics = _all_topics(call, known) if wants_all else _asked_topics(request, asked, call, known)
    if request.include_topic_authorized_operations:
        for entry in topics:
            if entry.error_code != ErrorCode.UNKNOWN_TOPIC_ID:
                entry.topic_authorized_operations = operations_on(call, ResourceType.TOPIC, entry.name)
    reply = _RESPONSE(
        brokers=[_broker(call, node) for node in core.cluster.live_nodes(call.node)],
        cluster_id=core.cluster.cluster_id,
        controller_id=core.cluster.controller_id,
        topics=topics,
        cluster_authorized_operations=_cluster_operations(request, call),
    )
    return _RESPONSE[call.version].build(reply)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each topic that was asked for (`MetadataRequest.getErrorResponse`)."""
    return _RESPONSE(
        brokers=[],
        controller_id=-1,
        error_code=error.code,
        topics=[
            _TOPIC(
                error_code=error.code,
                name=topic.name or "",
                topic_id=topic.topic_id,
                is_internal=False,
                partitions=[],
            )
            for topic in request.topics or ()
        ],
    )


def _check(asked: list[Any], version: int) -> None:
    if version >= _BY_TOPIC_ID:
        if any(topic.name is None and topic.topic_id == _ZERO_UUID for topic in asked):
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
        return
    for topic in asked:
        if topic.name is None:
            raise KafkaError(ErrorCode.INVALID_REQUEST, f"Topic name can not be null for version {version}")
        if topic.topic_id != _ZERO_UUID:
            raise KafkaError(
                ErrorCode.INVALID_REQUEST, f"Topic IDs are not supported in requests for version {version}"
            )


def _broker(call: Call, node: Any) -> Any:
    host, port = call.address_of(node)
    return _BROKER(node_id=node.id, host=host, port=port, rack=node.rack)


def _cluster_operations(request: Any, call: Call) -> int:
    if not request.include_cluster_authorized_operations:
        return NOT_ASKED
    if not call.allows(AclOperation.DESCRIBE, ResourceType.CLUSTER, CLUSTER_NAME):
        return 0
    return operations_on(call, ResourceType.CLUSTER, CLUSTER_NAME)


def _may_describe(call: Call, name: str) -> bool:
    return call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name)


def _all_topics(call: Call, known: Known) -> list[Any]:
    topics = call.image.topics
    described = [name for name in persistent_map_order(topics, string_hash) if _may_describe(call, name)]
    return [known(call, topics[name]) for name in scala_map_order(described, string_hash)]


def _asked_topics(request: Any, asked: list[Any], call: Call, known: Known) -> list[Any]:
    """What is to be said of topics that were named; where one is named by id, only ids count."""
    ids = {topic.topic_id: None for topic in asked if topic.topic_id != _ZERO_UUID}
    if ids:
        return _by_id(call, scala_immutable_order(ids, uuid_hash), known)
    may_create = request.allow_auto_topic_creation and call.core.settings["auto.create.topics.enable"]
    names = {topic.name: None for topic in asked if topic.name is not None}
    return _by_name(call, names, may_create, known)


def _by_id(call: Call, ids: list[bytes], known: Known) -> list[Any]:
    """What is unknown, then what is known, then what may not be known."""
    topics = call.image.topics_by_id
    unknown = [_unknown(None, ErrorCode.UNKNOWN_TOPIC_ID, one) for one in ids if one not in topics]
    by_name = {topics[one].name: topics[one] for one in ids if one in topics}
    found, denied = [], []
    for name in scala_immutable_order(by_name, string_hash):
        topic = by_name[name]
        if _may_describe(call, name):
            found.append(known(call, topic))
        else:
            denied.append(_unknown(None, ErrorCode.TOPIC_AUTHORIZATION_FAILED, topic.id))
    return unknown + found + denied


def _by_name(call: Call, names: Collection[str], may_create: bool, known: Known) -> list[Any]:
    """What there is, then what there is not, then what may not be known: each as the set of it is walked."""

    def ordered(some: list[str]) -> list[str]:
        return some if len(names) <= MOST_AS_THEY_CAME else scala_trie_order(some, string_hash)

    topics = call.image.topics
    allowed = ordered([name for name in names if _may_describe(call, name)])
    found = [known(call, topics[name]) for name in allowed if name in topics]
    missing = ordered([name for name in allowed if name not in topics])
    denied = ordered([name for name in names if not _may_describe(call, name)])
    return [
        *found,
        *(
            _created(call, missing)
            if may_create
            else [_unknown(name, _why_unknown(name)) for name in missing]
        ),
        *(_unknown(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED, shows_internal=False) for name in denied),
    ]


def _created(call: Call, names: list[str]) -> list[Any]:
    """Create topics: first what is said of names that are none, then of the others, then of those not allowed."""
    denied = [name for name in names if not _may_create(call, name)]
    bad = [name for name in names if name not in denied and _why_unknown(name) != _UNKNOWN]
    good = scala_map_order([name for name in names if name not in denied and name not in bad], string_hash)
    return [
        *(_unknown(name, _why_unknown(name)) for name in bad),
        *(_unknown(name, _create(call, name)) for name in good),
        *(_unknown(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED) for name in denied),
    ]


def _may_create(call: Call, name: str) -> bool:
    return call.allows(AclOperation.CREATE, ResourceType.CLUSTER, CLUSTER_NAME) or call.allows(
        AclOperation.CREATE, ResourceType.TOPIC, name
    )


def _why_unknown(name: str) -> ErrorCode:
    try:
        check_topic_name(name)
    except KafkaError as error:
        return error.code
    return _UNKNOWN


def _create(call: Call, name: str) -> ErrorCode:
    """Create a topic because a client asked for it; the client finds it when it asks again."""
    if not call.node.is_isolated:
        try:
            call.core.cluster.auto_create_topic(name)
        except KafkaError:
            # Kafka's broker logs what its controller refused; clients learn nothing of it.
            return _UNKNOWN
        if call.core.profile.leader_comes_later:
            return ErrorCode.LEADER_NOT_AVAILABLE
    return _UNKNOWN


def _unknown(
    name: str | None, code: ErrorCode, topic_id: bytes = _ZERO_UUID, *, shows_internal: bool = True
) -> Any:
    return _TOPIC(
        error_code=code,
        name=name,
        topic_id=topic_id,
        is_internal=shows_internal and name in INTERNAL_TOPICS,
        partitions=[],
    )


def _encoded(call: Call, topic: Topic) -> Any:
    """A topic's entry as bytes. They are kept: clients ask often, and topics seldom change."""
    if call.node.image is not None:
        return _known(call, topic)
    made_of = topic.version, call.core.cluster.nodes_version
    kept = topic.encoded.get(call.version)
    if kept is None or kept[0] != made_of:
        kept = made_of, _TOPIC[call.version].build(_known(call, topic))
        topic.encoded[call.version] = kept
    return kept[1]


def _known(call: Call, topic: Topic) -> Any:
    return _TOPIC(
        error_code=ErrorCode.NONE,
        name=topic.name,
        topic_id=topic.id,
        is_internal=topic.is_internal,
        partitions=[_partition(call, partition) for partition in call.partitions_of(topic)],
    )


def _partition(call: Call, partition: Partition) -> Any:
    state = partition.known_to(call.node)
    nodes = call.core.cluster.nodes
    code = ErrorCode.NONE
    leader = state.leader
    replicas, isr = list(state.replicas), list(state.isr)
    if call.version == 0:
        live = {node.id for node in call.core.cluster.live_nodes(call.node)}
        replicas = [id for id in replicas if id in live]
        isr = [id for id in isr if id in live]
    if leader not in nodes:
        code, leader = ErrorCode.LEADER_NOT_AVAILABLE, _NO_LEADER
    elif len(replicas) < len(state.replicas) or len(isr) < len(state.isr):
        code = ErrorCode.REPLICA_NOT_AVAILABLE
    return _PARTITION(
        error_code=code,
        partition_index=partition.index,
        leader_id=leader,
        leader_epoch=state.leader_epoch,
        replica_nodes=replicas,
        isr_nodes=isr,
        offline_replicas=partition.offline_replicas(call.node),
    )
