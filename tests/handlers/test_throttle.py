"""Clients above their quotas are told so, and held, over frames."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.waiting import Pending
from mockbroker.wire.caller import Disconnect
from protocol_specs.record_batch import Record, build_batch
from tests.handlers.plain import START, Client, Desk

BATCH = build_batch([Record(timestamp_ms=int(START * 1000), value=bytes(900))])


def set_quota(desk: Desk, client_id: str | None, **values: float) -> None:
    operations = [{"key": key, "value": value} for key, value in values.items()]
    entity = [{"entity_type": "client-id", "entity_name": client_id}]
    answer = desk.ask("AlterClientQuotas", entries=[{"entity": entity, "ops": operations}])
    assert answer["entries"][0]["error_code"] == 0


def with_topic() -> Desk:
    desk = Desk()
    desk.core.cluster.create_topic("t", partitions=2)
    return desk


def producing(acks: int = 1, version: int = 9) -> dict[str, Any]:
    data = {"name": "t", "partition_data": [{"index": 0, "records": bytes(BATCH)}]}
    return {"acks": acks, "timeout_ms": 1000, "topic_data": [data]}


def fetching(offset: int = 0, **more: Any) -> dict[str, Any]:
    partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 100_000}
    return {"max_bytes": 100_000, "topics": [{"topic": "t", "partitions": [partition]}], **more}


def records_in(answer: dict[str, Any]) -> int:
    return sum(len(one["records"]) for topic in answer["responses"] for one in topic["partitions"])


def produce_until_held(client: Client, **more: Any) -> int:
    for _ in range(50):
        throttle_ms: int = client.ask("Produce", 9, **producing(**more))["throttle_time_ms"]
        if throttle_ms:
            return throttle_ms
    raise AssertionError("it was never held")


def test_a_producer_is_told_to_wait_and_held() -> None:
    desk = with_topic()
    set_quota(desk, "test", producer_byte_rate=1000.0)
    client = desk.client()
    size = len(client.frame("Produce", 9, **producing()))
    throttle_ms = produce_until_held(client)
    sent = 10_000 // size + 1
    # Ten seconds of a thousand bytes: what is above them is a millisecond for each.
    assert throttle_ms == sent * size - 10_000
    held = client.send("Produce", 9, **producing())
    assert isinstance(held, Pending)
    assert desk.core.cluster.partition("t", 0).log_end_offset == sent
    desk.clock.advance(throttle_ms / 1000 - 0.001)
    assert not held.is_settled
    desk.clock.advance(0.001)
    assert client.read("Produce", 9, held.reply)["responses"][0]["partition_responses"][0]["error_code"] == 0
    assert desk.core.cluster.partition("t", 0).log_end_offset == sent + 1


def test_others_go_on() -> None:
    desk = with_topic()
    set_quota(desk, "test", producer_byte_rate=1000.0)
    client = desk.client()
    produce_until_held(client)
    assert desk.client(client_id="other").ask("Produce", 9, **producing())["throttle_time_ms"] == 0
    # The same client on another connection is told to wait, but was not held before.
    assert desk.client().ask("Produce", 9, **producing())["throttle_time_ms"] > 0


def test_what_is_held_is_never_done_when_the_client_leaves() -> None:
    desk = with_topic()
    set_quota(desk, "test", producer_byte_rate=1000.0)
    client = desk.client()
    throttle_ms = produce_until_held(client)
    end = desk.core.cluster.partition("t", 0).log_end_offset
    held = client.send("Produce", 9, **producing())
    held.abandon()
    desk.clock.advance(throttle_ms / 1000 + 1)
    assert desk.core.cluster.partition("t", 0).log_end_offset == end


def test_a_held_request_may_have_to_wait_for_itself() -> None:
    desk = with_topic()
    set_quota(desk, "test", producer_byte_rate=1000.0)
    client = desk.client()
    throttle_ms = produce_until_held(client)
    end = desk.core.cluster.partition("t", 0).log_end_offset
    held = client.send("Fetch", 12, **fetching(end, max_wait_ms=500, min_bytes=1))
    desk.clock.advance(throttle_ms / 1000)
    assert not held.is_settled
    desk.client(client_id="other").ask("Produce", 9, **producing())
    assert held.is_settled
    assert records_in(client.read("Fetch", 12, held.reply)) > 0


def test_a_held_request_that_ends_its_connection_does_so_late() -> None:
    desk = with_topic()
    set_quota(desk, "test", producer_byte_rate=1000.0)
    client = desk.client()
    throttle_ms = produce_until_held(client)
    held = desk.broker.receive(bytearray(b"\x7f\x00" + bytes(8)), client.caller)
    assert isinstance(held, Pending)
    desk.clock.advance(throttle_ms / 1000)
    assert isinstance(held.reply, Disconnect)


def test_bytes_without_an_answer_count_too() -> None:
    desk = with_topic()
    set_quota(desk, "test", producer_byte_rate=1000.0)
    client = desk.client()
    answers: list[Any] = []
    while not answers or answers[-1] is None:
        answers.append(client.send("Produce", 9, **producing(acks=0)))
    assert isinstance(answers[-1], Pending)
    assert len(answers) == 10_000 // len(client.frame("Produce", 9, **producing(acks=0))) + 2


def test_a_fetch_above_the_quota_brings_nothing_and_begins_no_session() -> None:
    desk = with_topic()
    for _ in range(10):
        desk.client(client_id="other").ask("Produce", 9, **producing())
    set_quota(desk, "test", consumer_byte_rate=1000.0)
    client = desk.client()
    first = client.ask("Fetch", 12, **fetching(session_epoch=0))
    assert first["throttle_time_ms"] == 0
    assert first["session_id"] != 0
    # No more than could ever be sent at once.
    assert 9000 < records_in(first) * 3 / 4 < 10_100
    second = client.ask("Fetch", 12, **fetching(session_epoch=0))
    assert second["throttle_time_ms"] > 0
    assert (second["session_id"], second["responses"]) == (0, [])
    held = client.send("Fetch", 12, **fetching(session_epoch=0))
    assert isinstance(held, Pending)
    desk.clock.advance(20)
    assert held.is_settled
    assert records_in(client.ask("Fetch", 12, **fetching(session_epoch=0))) == records_in(first)


def test_an_incremental_fetch_that_was_held_tells_its_news_later() -> None:
    desk = with_topic()
    other = desk.client(client_id="other")
    for _ in range(8):
        other.ask("Produce", 9, **producing())
    set_quota(desk, "test", consumer_byte_rate=1000.0)
    client = desk.client()
    session = client.ask("Fetch", 12, **fetching(session_epoch=0))["session_id"]
    other.ask("Produce", 9, **producing())
    epoch = 1

    def incremental() -> dict[str, Any]:
        nonlocal epoch
        answer = client.ask("Fetch", 12, **fetching(8, session_id=session, session_epoch=epoch, topics=[]))
        epoch += 1
        return answer

    # The same records once more, since the session still stands at offset 0: above the quota.
    held = incremental()
    assert held["throttle_time_ms"] > 0
    assert (held["session_id"], held["responses"]) == (session, [])
    desk.clock.advance(20)
    told = incremental()
    assert told["responses"][0]["partitions"][0]["high_watermark"] == 9


def test_followers_are_not_held() -> None:
    desk = Desk(brokers=2)
    desk.core.cluster.create_topic("t", assignments=[(0, [1, 2])])
    set_quota(desk, None, consumer_byte_rate=1.0)
    for _ in range(5):
        desk.client(client_id="other").ask("Produce", 9, **producing())
    for _ in range(3):
        answer = desk.client().ask("Fetch", 12, **fetching(replica_id=2))
        assert answer["throttle_time_ms"] == 0
        assert records_in(answer) > 0


@pytest.mark.parametrize(
    ("name", "version", "values"),
    [
        ("Metadata", 12, {"topics": []}),
        ("ApiVersions", 3, {"client_software_name": "a", "client_software_version": "1"}),
        ("ListGroups", 4, {}),
        ("Produce", 9, producing()),
        ("Fetch", 12, fetching()),
    ],
)
def test_request_time_counts_for_every_api(name: str, version: int, values: dict[str, Any]) -> None:
    desk = with_topic()
    set_quota(desk, "test", request_percentage=0.001)
    client = desk.client()
    assert client.ask(name, version, **values)["throttle_time_ms"] == 1000
    held = client.send(name, version, **values)
    assert isinstance(held, Pending)
    desk.clock.advance(1)
    assert held.is_settled


def test_versions_without_a_field_for_it_are_held_all_the_same() -> None:
    desk = with_topic()
    set_quota(desk, "test", request_percentage=0.001)
    client = desk.client()
    client.ask("ApiVersions", 0)
    assert isinstance(client.send("ApiVersions", 0), Pending)
    other = desk.client()
    other.ask("SaslHandshake", 1, mechanism="PLAIN")
    assert isinstance(other.send("ApiVersions", 0), Pending)


def topics_named(prefix: str, *partitions: int) -> list[dict[str, Any]]:
    return [
        {"name": f"{prefix}{number}", "num_partitions": count, "replication_factor": 1}
        for number, count in enumerate(partitions)
    ]


def test_topics_above_the_quota_are_refused() -> None:
    desk = Desk()
    set_quota(desk, "test", controller_mutation_rate=1.0)
    answer = desk.ask("CreateTopics", 7, topics=topics_named("t", 10, 5, 1), timeout_ms=1000)
    found = {topic["name"]: (topic["error_code"], topic["error_message"]) for topic in answer["topics"]}
    assert found == {"t0": (0, None), "t1": (0, None), "t2": (89, None)}
    assert answer["throttle_time_ms"] == 4000
    assert set(desk.core.cluster.topics) == {"t0", "t1"}
    answer = desk.ask("CreatePartitions", 3, topics=[{"name": "t0", "count": 11, "assignments": None}])
    assert answer["results"] == [{"name": "t0", "error_code": 89, "error_message": None}]
    answer = desk.ask("DeleteTopics", 6, topics=[{"name": "t0"}])
    assert (answer["responses"][0]["error_code"], answer["responses"][0]["error_message"]) == (89, None)
    assert answer["throttle_time_ms"] == 4000
    desk.clock.advance(4)
    assert desk.ask("DeleteTopics", 6, topics=[{"name": "t0"}])["responses"][0]["error_code"] == 0
    assert set(desk.core.cluster.topics) == {"t1"}


@pytest.mark.parametrize(
    ("name", "version", "values"),
    [
        ("CreateTopics", 5, {"topics": topics_named("new", 3)}),
        ("CreatePartitions", 2, {"topics": [{"name": "t", "count": 5, "assignments": None}]}),
        ("DeleteTopics", 4, {"topic_names": ["t"]}),
    ],
)
def test_old_clients_are_held_for_what_they_change(name: str, version: int, values: dict[str, Any]) -> None:
    desk = with_topic()
    set_quota(desk, "test", controller_mutation_rate=1.0)
    desk.ask("CreateTopics", 5, topics=topics_named("many", 11))
    client = desk.client()
    throttle_ms = client.ask(name, version, **values)["throttle_time_ms"]
    assert throttle_ms in (2000, 3000)
    held = client.send("ApiVersions", 0)
    desk.clock.advance(throttle_ms / 1000 - 0.001)
    assert not held.is_settled
    desk.clock.advance(0.001)
    assert held.is_settled


def test_validating_counts_too() -> None:
    desk = Desk()
    set_quota(desk, "test", controller_mutation_rate=1.0)
    for expected in (0, 0, 89):
        answer = desk.ask("CreateTopics", 7, topics=topics_named("t", 8), validate_only=True)
        assert answer["topics"][0]["error_code"] == expected
