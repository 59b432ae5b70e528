"""Where errors stand in answers, and what else faults put there."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mockbroker.control.control import Control
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode
from protocol_specs.record_batch import crc_of, records_of
from tests.control.clients import Client, Cluster, batch, fetch_fields, heartbeat, produce_fields, values
from tests.handlers.sharing import Member, make_desk, make_ready
from tests.handlers.sharing import produce as produce_to

NOT_LEADER = ErrorCode.NOT_LEADER_OR_FOLLOWER


class TestErrorsInTheirPlace:
    def test_of_one_partition_before_the_work(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", topic="orders", partition=1, error="NOT_LEADER_OR_FOLLOWER")
        fields = produce_fields(
            {"other": {0: batch(b"x")}, "orders": {at: batch(b"v%d" % at) for at in range(3)}}
        )
        reply = client.ask("Produce", 9, **fields)
        entries = {
            (topic.name, one.index): (one.error_code, one.base_offset)
            for topic in reply.responses
            for one in topic.partition_responses
        }
        assert entries == {
            ("orders", 0): (0, 0),
            ("orders", 1): (NOT_LEADER, -1),
            ("orders", 2): (0, 0),
            ("other", 0): (0, 0),
        }
        assert [values(cluster, "orders", at) for at in range(3)] == [[b"v0"], [], [b"v2"]]

    def test_of_one_partition_after_the_work(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Produce", topic="orders", partition=1, error=NOT_LEADER, at="after")
        fields = produce_fields({"orders": {at: batch(b"v") for at in range(3)}})
        reply = client.ask("Produce", 9, **fields)
        assert [one.error_code for one in reply.responses[0].partition_responses] == [0, NOT_LEADER, 0]
        assert [values(cluster, "orders", at) for at in range(3)] == [[b"v"], [b"v"], [b"v"]]

    def test_of_a_topic_known_by_its_id(self, cluster: Cluster, client: Client) -> None:
        topic = cluster.core.cluster.topics["orders"]
        cluster.control.fault(api="Produce", topic="orders", error="MESSAGE_TOO_LARGE")
        schema = APIS[0].request.topic_data
        one = schema.partition_data(index=0, records=batch(b"v"))
        data = [schema(topic_id=topic.id, partition_data=[one])]
        reply = client.ask("Produce", 13, acks=1, timeout_ms=1, topic_data=data)
        entry = reply.responses[0]
        assert (entry.topic_id, entry.partition_responses[0].error_code) == (
            topic.id,
            ErrorCode.MESSAGE_TOO_LARGE,
        )

    @pytest.mark.parametrize("at", ["before", "after"])
    def test_of_one_partition_of_a_topic_known_by_its_id(
        self, cluster: Cluster, client: Client, at: str
    ) -> None:
        topic = cluster.core.cluster.topics["orders"]
        cluster.control.fault(api="Produce", topic="orders", partition=1, error=NOT_LEADER, at=at)
        schema = APIS[0].request.topic_data
        parts = [schema.partition_data(index=index, records=batch(b"v")) for index in range(2)]
        data = [schema(topic_id=topic.id, partition_data=parts)]
        reply = client.ask("Produce", 13, acks=1, timeout_ms=1, topic_data=data)
        (entry,) = reply.responses
        codes = {one.index: one.error_code for one in entry.partition_responses}
        assert codes == {0: 0, 1: NOT_LEADER}

    @pytest.mark.parametrize("version", [9, 10])
    def test_of_one_partition_of_a_group(self, cluster: Cluster, client: Client, version: int) -> None:
        """The answer to an OffsetCommit does not say of which group it is."""
        topic = cluster.core.cluster.topics["orders"]
        cluster.control.fault(
            api="OffsetCommit", group="g", topic="orders", partition=1, error="NOT_COORDINATOR", at="after"
        )
        schema = APIS[8].request.topics
        parts = [
            schema.partitions(partition_index=at, committed_offset=3, committed_metadata="")
            for at in range(2)
        ]
        named = {"topic_id": topic.id} if version > 9 else {"name": "orders"}
        committed = [schema(**named, partitions=parts)]
        member = {"group_id": "g", "generation_id_or_member_epoch": -1, "member_id": ""}
        reply = client.ask("OffsetCommit", version, topics=committed, **member)
        (entry,) = reply.topics
        codes = [(one.partition_index, one.error_code) for one in entry.partitions]
        assert codes == [(0, 0), (1, ErrorCode.NOT_COORDINATOR)]

    def test_of_the_whole_request(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Heartbeat", error="REBALANCE_IN_PROGRESS", times=2)
        codes = [heartbeat(client) for _ in range(3)]
        assert codes == [ErrorCode.REBALANCE_IN_PROGRESS] * 2 + [ErrorCode.UNKNOWN_MEMBER_ID]

    @pytest.mark.parametrize("at", ["before", "after"])
    def test_of_a_produce_as_a_whole_is_in_each_partition(
        self, cluster: Cluster, client: Client, at: str
    ) -> None:
        cluster.control.fault(api="Produce", error="REQUEST_TIMED_OUT", at=at)
        reply = client.ask("Produce", 9, **produce_fields({"orders": {0: batch(b"v"), 1: batch(b"v")}}))
        codes = [one.error_code for one in reply.responses[0].partition_responses]
        assert codes == [ErrorCode.REQUEST_TIMED_OUT] * 2
        assert values(cluster, "orders", 0) == ([b"v"] if at == "after" else [])

    @pytest.mark.parametrize(("version", "is_batched"), [(7, False), (8, True)])
    def test_of_an_offset_fetch(
        self, cluster: Cluster, client: Client, version: int, is_batched: bool
    ) -> None:
        cluster.control.fault(api="OffsetFetch", group="g", error="NOT_COORDINATOR")
        schema = APIS[9].request
        if is_batched:
            groups = [schema.groups(group_id=name, topics=None) for name in ("g", "h")]
            reply = client.ask("OffsetFetch", 8, groups=groups)
            codes = {group.group_id: group.error_code for group in reply.groups}
            assert codes == {"g": ErrorCode.NOT_COORDINATOR, "h": 0}
        else:
            assert (
                client.ask("OffsetFetch", 7, group_id="g", topics=None).error_code
                == ErrorCode.NOT_COORDINATOR
            )

    def test_of_a_transactional_id(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="FindCoordinator", transactional_id="t", error="COORDINATOR_NOT_AVAILABLE")
        reply = client.ask("FindCoordinator", 4, key_type=1, coordinator_keys=["t", "u"])
        codes = {entry.key: entry.error_code for entry in reply.coordinators}
        assert codes == {"t": ErrorCode.COORDINATOR_NOT_AVAILABLE, "u": 0}
        assert client.ask("FindCoordinator", 3, key_type=0, key="t").error_code == 0

    def test_where_nothing_answers_by_entry_it_is_the_whole(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="JoinGroup", group="g", error="GROUP_MAX_SIZE_REACHED")
        fields: dict[str, Any] = {
            "session_timeout_ms": 10_000,
            "rebalance_timeout_ms": 1000,
            "member_id": "",
            "protocol_type": "consumer",
            "protocols": [],
        }
        assert (
            client.ask("JoinGroup", 5, group_id="g", **fields).error_code == ErrorCode.GROUP_MAX_SIZE_REACHED
        )
        assert (
            client.ask("JoinGroup", 5, group_id="h", **fields).error_code
            == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        )

    def test_every_api_can_be_refused(self, cluster: Cluster) -> None:
        """An error for the whole request is answered by every API, in the oldest and the newest version."""
        from mockbroker.handlers import HANDLERS
        from mockbroker.profiles import KAFKA_4_3

        for key in HANDLERS:
            served = KAFKA_4_3.served(key)
            if not served:
                continue
            api = APIS[key]
            client = cluster.client()
            for version in {served[0], served[-1]}:
                fault = cluster.control.fault(api=api.name, error="UNKNOWN_SERVER_ERROR")
                request = api.request.make_default()
                fields = {
                    name: () if field.type == "array" else getattr(request, name)
                    for name, field in api.request.fields.items()
                }
                if "acks" in fields:
                    fields["acks"] = 1
                client.ask(api.name, version, **fields)
                assert fault.hits == 1


class TestFetch:
    def test_an_error_does_not_wait_and_leaves_the_rest_right(self, cluster: Cluster, client: Client) -> None:
        client.produce("other", b"x")
        cluster.control.fault(api="Fetch", topic="orders", partition=0, error="OFFSET_OUT_OF_RANGE")
        fields = fetch_fields("orders", max_wait_ms=500)
        fields["topics"] += fetch_fields("other")["topics"]
        reply = client.ask("Fetch", 12, **fields)
        found = {topic.topic: topic.partitions[0] for topic in reply.responses}
        assert found["orders"].error_code == ErrorCode.OFFSET_OUT_OF_RANGE
        assert found["orders"].high_watermark == -1
        assert [record.value for record in records_of(found["other"].records)] == [b"x"]

    def test_what_a_session_reads_without_naming_it(self, cluster: Cluster, client: Client) -> None:
        first = client.ask("Fetch", 12, session_id=0, session_epoch=0, **fetch_fields("orders"))
        cluster.control.fault(api="Fetch", topic="orders", error="KAFKA_STORAGE_ERROR")
        fields = {**fetch_fields("orders"), "topics": []}
        reply = client.ask("Fetch", 12, session_id=first.session_id, session_epoch=1, **fields)
        entry = reply.responses[0]
        assert (entry.topic, entry.partitions[0].error_code) == ("orders", ErrorCode.KAFKA_STORAGE_ERROR)
        again = client.ask("Fetch", 12, session_id=first.session_id, session_epoch=2, **fields)
        assert again.error_code == 0
        assert not again.responses

    @pytest.mark.parametrize("how", ["crc", "truncated", "codec", "gap"])
    def test_damaged_records(self, cluster: Cluster, client: Client, how: str) -> None:
        client.produce("orders", b"one", b"two")
        good = bytes(client.fetch("orders").records)
        cluster.control.fault(topic="orders", corrupt=how)
        bad = bytes(client.fetch("orders").records)
        assert bad != good
        assert bytes(client.fetch("orders").records) == good
        if how == "gap":
            assert [record.offset for record in records_of(bad)] == [1, 2]
        elif how == "truncated":
            assert good.startswith(bad)
        elif how == "codec":
            assert bad[22] & 7 == 7


class TestMetadata:
    def ask(self, client: Client, *topics: str) -> Any:
        schema = APIS[3].request.topics
        wanted = [schema(name=name) for name in topics] if topics else None
        return client.ask("Metadata", 12, topics=wanted)

    def test_an_error_of_one_partition(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Metadata", topic="orders", partition=2, error="LEADER_NOT_AVAILABLE")
        reply = self.ask(client)
        found = {
            (topic.name, one.partition_index): (one.error_code, one.leader_id)
            for topic in reply.topics
            for one in topic.partitions
        }
        assert found["orders", 2] == (ErrorCode.LEADER_NOT_AVAILABLE, -1)
        assert found["orders", 1] == found["other", 0] == (0, 1)

    def test_an_error_of_a_topic_and_brokers_are_still_there(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(api="Metadata", topic="ord*", error="UNKNOWN_TOPIC_OR_PARTITION")
        reply = self.ask(client, "orders", "other")
        assert {topic.name: topic.error_code for topic in reply.topics} == {"orders": 3, "other": 0}
        assert [broker.node_id for broker in reply.brokers] == [1]

    def test_forced(self, cluster: Cluster, client: Client) -> None:
        forced = {"leader": 9, "leader_epoch": 0, "without_broker": 1, "controller_id": 4}
        cluster.control.fault(topic="orders", metadata=forced)
        reply = self.ask(client)
        assert (reply.brokers, reply.controller_id) == ([], 4)
        leaders = {topic.name: [one.leader_id for one in topic.partitions] for topic in reply.topics}
        assert (leaders["orders"], leaders["other"]) == ([9, 9, 9], [1])

    def test_an_address_where_nobody_listens(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(metadata={"addresses": {"1": "127.0.0.1:1"}})
        broker = self.ask(client).brokers[0]
        assert (broker.host, broker.port) == ("127.0.0.1", 1)

    def test_other_versions(self, cluster: Cluster, client: Client) -> None:
        cluster.control.fault(versions={"Produce": "3-8", "Fetch": None})
        reply = client.ask("ApiVersions", 3, client_software_name="n", client_software_version="1")
        spans = {entry.api_key: (entry.min_version, entry.max_version) for entry in reply.api_keys}
        assert spans[0] == (3, 8)
        assert 1 not in spans
        assert 3 in spans


class TestShareFetch:
    def test_what_a_session_reads_without_naming_it(self) -> None:
        desk = make_desk()
        make_ready(desk)
        control = Control(desk.broker)
        member = Member(desk)
        produce_to(desk, 2)
        assert member.fetch()["error_code"] == 0
        produce_to(desk, 2)
        fault = control.fault(api="ShareFetch", topic="orders", partition=0, error="KAFKA_STORAGE_ERROR")
        answer = member.fetch()
        (partition,) = answer["responses"][0]["partitions"]
        assert (partition["partition_index"], partition["error_code"]) == (0, ErrorCode.KAFKA_STORAGE_ERROR)
        assert (partition["records"], partition["acquired_records"]) == ("", [])
        assert fault.hits == 1
        assert control.journal.last(1)[0].topics == ["orders"]

    def test_damaged_records(self) -> None:
        desk = make_desk()
        make_ready(desk)
        control = Control(desk.broker)
        produce_to(desk, 2)
        fault = control.fault(api="ShareFetch", topic="orders", corrupt="crc")
        member = Member(desk)
        partition, *_ = member.fetch()["responses"][0]["partitions"]
        records = base64.b64decode(partition["records"])
        assert int.from_bytes(records[17:21], "big") != crc_of(records)
        assert fault.hits == 1
