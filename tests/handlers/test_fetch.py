from __future__ import annotations

from typing import Any

import pytest

from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.core.assembly import Core
from mockbroker.core.waiting import Pending
from mockbroker.wire.caller import Caller
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode
from protocol_specs.headers import REQUEST_HEADER, request_header, response_header
from protocol_specs.record_batch import Record, build_batch, records_of

FETCH = APIS[1]
RACK_AWARE = "org.apache.kafka.common.replica.RackAwareReplicaSelector"


class Client:
    """A connection to one broker of a core, without a socket."""

    def __init__(self, core: Core, node_id: int) -> None:
        self.core = core
        self.broker = Broker(core)
        self.caller = Caller(1, node_id)

    def send(self, version: int, topic: Any, offset: int = 0, **more: Any) -> Any:
        one = FETCH.request.topics.partitions(partition=0, fetch_offset=offset, partition_max_bytes=10_000)
        asked = FETCH.request.topics(topic=topic.name, topic_id=topic.id, partitions=[one])
        fields = {"max_wait_ms": 500, "min_bytes": 1, "topics": [asked], **more}
        header = REQUEST_HEADER(
            request_api_key=1, request_api_version=version, correlation_id=7, client_id="test"
        )
        out = bytearray(request_header(1, version).build(header))
        frame = bytearray(b"".join(FETCH.request[version].write(FETCH.request(**fields), out)))
        return self.broker.receive(frame, self.caller)

    def read(self, answer: Any, version: int) -> Any:
        assert isinstance(answer, list)
        frame = bytearray(b"".join(answer))[4:]
        _, at = response_header(1, version).read(frame)
        return FETCH.response[version].parse(bytes(frame[at:]))


def put(topic: Any, *values: bytes) -> None:
    records = [Record(i, 1_000 + i, None, value, []) for i, value in enumerate(values)]
    topic.partitions[0].append(memoryview(build_batch(records)), acks=-1)


def one_partition(reply: Any) -> Any:
    return reply.responses[0].partitions[0]


@pytest.fixture
def core() -> Core:
    return Core(Settings(), now=1.7e9, seed=1)


@pytest.mark.parametrize("version", [4, 11, 12, 13, 18])
def test_records_come_as_they_were_written(core: Core, version: int) -> None:
    topic = core.cluster.create_topic("t")
    put(topic, b"a", b"b")
    client = Client(core, 1)
    entry = one_partition(client.read(client.send(version, topic), version))
    assert (entry.error_code, entry.high_watermark, entry.log_start_offset if version > 4 else 0) == (0, 2, 0)
    assert [record.value for record in records_of(entry.records)] == [b"a", b"b"]


def test_a_fetch_at_the_end_waits_for_the_append(core: Core) -> None:
    topic = core.cluster.create_topic("t")
    client = Client(core, 1)
    pending = client.send(13, topic)
    assert isinstance(pending, Pending)
    assert not pending.is_settled
    put(topic, b"news")
    core.waiting.flush()
    entry = one_partition(client.read(pending.reply, 13))
    assert [record.value for record in records_of(entry.records)] == [b"news"]


def test_a_fetch_that_finds_nothing_is_answered_when_its_time_is_up(core: Core) -> None:
    topic = core.cluster.create_topic("t")
    client = Client(core, 1)
    pending = client.send(13, topic)
    core.clock.advance(0.4)
    assert not pending.is_settled
    core.clock.advance(0.2)
    assert len(one_partition(client.read(pending.reply, 13)).records) == 0


def test_a_fetch_that_waits_is_answered_when_another_request_waits_behind_it(core: Core) -> None:
    topic = core.cluster.create_topic("t")
    client = Client(core, 1)
    pending = client.send(13, topic)
    pending.hurry()
    assert len(one_partition(client.read(pending.reply, 13)).records) == 0


def test_a_fetch_that_waits_learns_that_its_topic_is_gone(core: Core) -> None:
    topic = core.cluster.create_topic("t")
    client = Client(core, 1)
    pending = client.send(13, topic)
    core.cluster.delete_topic("t")
    core.waiting.flush()
    entry = one_partition(client.read(pending.reply, 13))
    assert entry.error_code in (ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


def test_a_client_is_referred_to_the_replica_in_its_rack() -> None:
    core = Core(
        Settings({"replica.selector.class": RACK_AWARE}), now=1.7e9, seed=1, brokers=3, racks=["a", "b", "c"]
    )
    topic = core.cluster.create_topic("t", replication_factor=3)
    put(topic, b"v")
    leader = topic.partitions[0].leader
    other = next(node for node in core.cluster.nodes.values() if node.id != leader)
    client = Client(core, leader)
    referred = one_partition(client.read(client.send(12, topic, rack_id=other.rack), 12))
    assert referred.preferred_read_replica == other.id
    assert len(referred.records) == 0
    at_home = one_partition(client.read(client.send(12, topic, rack_id=core.cluster.nodes[leader].rack), 12))
    assert at_home.preferred_read_replica == -1
    assert len(at_home.records) > 0
    near = Client(core, other.id)
    assert len(one_partition(near.read(near.send(12, topic, rack_id=other.rack), 12)).records) > 0


def test_racks_mean_nothing_without_a_selector() -> None:
    core = Core(Settings(), now=1.7e9, seed=1, brokers=2, racks=["a", "b"])
    topic = core.cluster.create_topic("t", replication_factor=2)
    put(topic, b"v")
    leader = topic.partitions[0].leader
    client = Client(core, leader)
    other = next(node for node in core.cluster.nodes.values() if node.id != leader)
    entry = one_partition(client.read(client.send(12, topic, rack_id=other.rack), 12))
    assert entry.preferred_read_replica == -1
    assert len(entry.records) > 0


def test_what_there_is_nothing_to_read_from_comes_last(core: Core) -> None:
    topic = core.cluster.create_topic("t", partitions=2)
    client = Client(core, 1)
    struct = FETCH.request.topics
    asked = [
        struct(topic=name, partitions=[struct.partitions(partition=0, fetch_offset=0, partition_max_bytes=9)])
        for name in ("absent", topic.name)
    ]
    reply = client.read(client.send(12, topic, topics=asked), 12)
    assert [one.topic for one in reply.responses] == ["t", "absent"]
