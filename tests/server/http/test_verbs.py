"""The control plane over HTTP: every verb of the interface, against a cluster in the background."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mockbroker import MockCluster
from tests.server.http_client import Client, KafkaClient


@pytest.fixture(scope="module")
def module_kafka() -> Iterator[MockCluster]:
    config = {"default.replication.factor": 3, "offsets.topic.num.partitions": 2}
    with MockCluster(brokers=3, topics={"orders": 2}, config=config, racks=["a", "b"], seed=1) as cluster:
        yield cluster


@pytest.fixture
def kafka(module_kafka: MockCluster) -> Iterator[MockCluster]:
    yield module_kafka
    module_kafka.reset()


@pytest.fixture
def http(kafka: MockCluster) -> Client:
    return Client(kafka.control_url)


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_address_has_no_path_and_stays(kafka: MockCluster) -> None:
    assert kafka.control_url.startswith("http://127.0.0.1:")
    assert not kafka.control_url.endswith("/")
    assert kafka.control_url == kafka.control_url


def test_health(kafka: MockCluster, http: Client) -> None:
    assert http.get("/v1/health") == {"ready": True, "bootstrap_servers": kafka.bootstrap_servers}


class TestTopics:
    def test_create_look_and_delete(self, kafka: MockCluster, http: Client) -> None:
        answer = http.ask(
            "POST",
            "/v1/topics",
            {"name": "new", "partitions": 3, "replication_factor": 2, "config": {"retention.ms": 1000}},
        )
        assert answer.status == 201
        assert kafka.topics() == {"new": 3, "orders": 2}
        found = http.get("/v1/topics/new")
        assert found == answer.data
        assert (found["replication_factor"], found["config"]) == (2, {"retention.ms": "1000"})
        assert [len(each["isr"]) for each in found["partitions"]] == [2, 2, 2]
        assert [topic["name"] for topic in http.get("/v1/topics")["topics"]] == ["new", "orders"]
        assert http.ask("DELETE", "/v1/topics/new").status == 204
        assert kafka.topics() == {"orders": 2}

    def test_seed_and_read(self, kafka: MockCluster, http: Client) -> None:
        raw = base64.b64encode(b"\xff\0").decode()
        records = [
            {"key": "k", "value": "text", "partition": 0, "headers": {"h": "1"}, "timestamp_ms": 5},
            {"value": {"a": [1]}, "partition": 0},
            {"value_base64": raw, "partition": 1},
        ]
        placed = http.post("/v1/topics/orders/records", {"records": records})["records"]
        assert [(each["partition"], each["offset"]) for each in placed] == [(0, 0), (0, 1), (1, 0)]
        assert [record.value for record in kafka.records("orders")] == [b"text", b'{"a":[1]}', b"\xff\0"]
        first, *_, last = http.get("/v1/topics/orders/records")["records"]
        assert (first["key"], first["value"], first["headers"]) == ("k", "text", [["h", "1"]])
        assert first["timestamp_ms"] == 5
        assert (last["value"], last["value_base64"]) == (None, raw)
        one = http.get("/v1/topics/orders/records?partition=0&offset=1&limit=1")
        assert [each["offset"] for each in one["records"]] == [1]

    def test_a_single_record_or_a_list_will_do(self, kafka: MockCluster, http: Client) -> None:
        http.post("/v1/topics/orders/records", {"value": "a", "partition": 1})
        http.post("/v1/topics/orders/records", [{"value": "b", "partition": 1}])
        assert [record.value for record in kafka.records("orders")] == [b"a", b"b"]

    def test_partitions(self, kafka: MockCluster, http: Client) -> None:
        before = http.get("/v1/partitions/orders/0")
        assert before == kafka.partition("orders", 0)._asdict()
        to = next(broker for broker in before["isr"] if broker != before["leader"])
        assert http.post("/v1/partitions/orders/0/leader", {"to": to})["leader"] == to
        assert kafka.partition("orders", 0).leader == to
        http.post("/v1/partitions/orders/0/pause-replication")
        http.post("/v1/topics/orders/records", {"value": "v", "partition": 0})
        assert http.get("/v1/partitions/orders/0")["high_watermark"] == 0
        assert http.post("/v1/partitions/orders/0/resume-replication")["high_watermark"] == 1
        assert http.get("/v1/partitions/orders/0/producers") == {"producers": []}


class TestGroups:
    def test_offsets_and_lag(self, kafka: MockCluster, http: Client) -> None:
        for value in "abc":
            kafka.produce("orders", value, partition=0)
        body = {"topic": "orders", "partition": 0, "offset": 1}
        http.post("/v1/groups/billing/offsets", body)
        group = http.get("/v1/groups/billing")
        assert (group["state"], group["members"], group["lag"]) == ("Empty", [], 2)
        assert [(each["offset"], each["lag"]) for each in group["offsets"]] == [(1, 2)]
        assert [each["group_id"] for each in http.get("/v1/groups")["groups"]] == ["billing"]
        assert http.get("/v1/transactions") == {"transactions": []}
        moved = http.post("/v1/groups/billing/move-coordinator")["coordinator"]
        assert moved in (1, 2, 3)


class TestFaultsAndJournal:
    def test_a_fault_fires_and_is_counted(self, kafka: MockCluster, http: Client) -> None:
        rule = {"api": "ApiVersions", "client_id": "svc*", "disconnect": True, "times": 1}
        answer = http.ask("POST", "/v1/faults", rule)
        assert answer.status == 201
        assert {name: answer.data[name] for name in rule if name != "times"} == {
            name: value for name, value in rule.items() if name != "times"
        }
        path = f"/v1/faults/{answer.data['id']}"
        assert http.get(path)["hits"] == 0
        check = http.get("/v1/faults/check")
        assert not check["ok"]
        assert "never fired" in check["text"]
        with KafkaClient(kafka.bootstrap_servers, "svc-1") as client, pytest.raises(ConnectionError):
            client.ask("ApiVersions", 0)
        assert http.get(path)["hits"] == 1
        assert http.get("/v1/faults/check") == {"ok": True, "text": ""}
        (exchange,) = http.get("/v1/journal?client_id=svc-1")["exchanges"]
        assert (exchange["api"], exchange["fault"]) == ("ApiVersions", "disconnect")
        assert http.delete(path)["hits"] == 1
        assert http.get("/v1/faults") == {"faults": []}
        http.post("/v1/faults", rule)
        assert http.ask("DELETE", "/v1/faults").status == 204
        assert http.get("/v1/faults") == {"faults": []}

    def test_scenarios(self, kafka: MockCluster, http: Client) -> None:
        names = [each["name"] for each in http.get("/v1/scenarios")["scenarios"]]
        assert "leader_flaps" in names
        stage = http.post("/v1/scenarios", {"name": "slow_broker", "broker": 1, "delay": 0.1})
        assert [fault["broker"] for fault in stage["faults"]] == [1]
        assert [each["id"] for each in http.get("/v1/scenarios")["running"]] == [stage["id"]]
        http.delete(f"/v1/scenarios/{stage['id']}")
        assert http.get("/v1/faults") == {"faults": []}

    def test_the_journal_is_asked_decoded_exported_and_cleared(
        self, kafka: MockCluster, http: Client
    ) -> None:
        with KafkaClient(kafka.bootstrap_servers, "svc") as client:
            client.ask("ApiVersions", 0)
            client.ask("Metadata", 1, topics=None)
        found = http.get("/v1/journal")
        assert [each["api"] for each in found["exchanges"]] == ["ApiVersions", "Metadata"]
        assert [each["api"] for each in http.get("/v1/journal?limit=1")["exchanges"]] == ["Metadata"]
        query = f"/v1/journal?since={found['exchanges'][1]['number']}"
        assert [each["api"] for each in http.get(query)["exchanges"]] == ["Metadata"]
        assert http.get("/v1/journal?api=Metadata&api=Fetch&topic=ord*")["exchanges"][0]["topics"] == [
            "orders"
        ]
        number = found["exchanges"][1]["number"]
        decoded = http.get(f"/v1/journal/{number}")
        assert decoded["request"] == {"topics": None}
        assert [broker["node_id"] for broker in decoded["response"]["brokers"]] == [1, 2, 3]
        assert http.ask("GET", "/v1/journal/export").content.count(b"\n") == 2
        assert http.ask("GET", "/v1/journal/export?format=pcap").content[:4] == b"\xd4\xc3\xb2\xa1"
        assert http.get("/v1/verify")["ok"] is True
        assert http.get("/v1/lint?rule=acks_0") == {"findings": []}
        assert http.ask("DELETE", "/v1/journal").status == 204
        assert http.get("/v1/journal")["exchanges"] == []

    def test_events_of_the_journal(self, kafka: MockCluster, http: Client) -> None:
        with (
            KafkaClient(kafka.bootstrap_servers, "svc") as client,
            KafkaClient(kafka.bootstrap_servers, "other") as other,
        ):
            client.ask("ApiVersions", 0)
            with http.events("/v1/journal/events?client_id=svc&since=0") as events:
                assert next(events)[1]["api"] == "ApiVersions"
                other.ask("ApiVersions", 0)
                client.ask("Metadata", 1, topics=[])
                name, exchange = next(events)
                assert (name, exchange["api"], exchange["outcome"]) == ("exchange", "Metadata", "ok")
            last = {"Last_Event_ID": str(exchange["number"])}
            client.ask("ApiVersions", 1)
            with http.events("/v1/journal/events?client_id=svc", **last) as events:
                assert next(events)[1]["version"] == 1

    def test_events_of_the_state(self, kafka: MockCluster, http: Client) -> None:
        with http.events("/v1/state/events") as events:
            name, state = next(events)
            assert name == "state"
            assert [topic["name"] for topic in state["topics"]] == ["orders"]
            kafka.create_topic("new", 1)
            assert [topic["name"] for topic in next(events)[1]["topics"]] == ["new", "orders"]
        assert http.get("/v1/state")["bootstrap_servers"] == kafka.bootstrap_servers


class TestSteering:
    def test_the_clock(self, kafka: MockCluster, http: Client) -> None:
        paused = http.post("/v1/clock/pause")
        assert paused["is_paused"] is True
        assert http.post("/v1/clock/advance", {"seconds": 45})["now"] == pytest.approx(paused["now"] + 45)
        assert http.get("/v1/clock")["now"] == kafka.clock.now
        assert http.post("/v1/clock/resume")["is_paused"] is False

    def test_brokers(self, kafka: MockCluster, http: Client) -> None:
        brokers = http.get("/v1/brokers")["brokers"]
        assert [each["id"] for each in brokers] == [1, 2, 3]
        assert [each["rack"] for each in brokers] == ["a", "b", None]
        for verb, state in (
            ("stop", "stopped"),
            ("start", "running"),
            ("kill", "stopped"),
            ("start", "running"),
            ("isolate", "isolated"),
            ("heal", "running"),
        ):
            assert http.post(f"/v1/brokers/2/{verb}")["state"] == state
        assert http.get("/v1/connections") == {"connections": []}

    def test_waits(self, kafka: MockCluster, http: Client) -> None:
        later = threading.Timer(0.1, lambda: kafka.produce("orders", "v", partition=0))
        later.start()
        found = http.post("/v1/wait", {"for": "records", "topic": "orders", "count": 1, "timeout": 10})
        assert [record["value"] for record in found["found"]] == ["v"]
        answer = http.ask(
            "POST", "/v1/wait", {"for": "group", "group": "billing", "members": 2, "timeout": 0}
        )
        assert answer.status == 408
        assert "group 'billing' is Dead with 0 members" in answer.data["detail"]
        http.post("/v1/groups/billing/offsets", {"topic": "orders", "partition": 0, "offset": 1})
        wait = {"for": "committed", "group": "billing", "topic": "orders", "to": "end"}
        assert http.post("/v1/wait", wait)["found"][0]["offset"] == 1
        kafka.clear_faults()
        http.post("/v1/wait", {"for": "partition", "topic": "orders", "partition": 0, "isr": 3})

    def test_a_wait_ends_when_who_waits_has_gone(self, kafka: MockCluster, http: Client) -> None:
        watchers = kafka._served.control.watchers
        address = http.url.removeprefix("http://").split(":")
        body = b'{"for": "records", "topic": "orders", "count": 1, "timeout": 60}'
        head = b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        with socket.create_connection((address[0], int(address[1])), timeout=10) as sock:
            sock.sendall(head + body)
            _until(lambda: len(watchers) == 1)
        _until(lambda: not watchers)

    def test_what_is_sent_during_a_wait_is_answered_after_it(self, kafka: MockCluster, http: Client) -> None:
        address = http.url.removeprefix("http://").split(":")
        body = b'{"for": "records", "topic": "orders", "count": 1, "timeout": 60}'
        head = b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        with socket.create_connection((address[0], int(address[1])), timeout=10) as sock:
            sock.sendall(head + body)
            _until(lambda: len(kafka._served.control.watchers) == 1)
            sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            kafka.produce("orders", "v")
            answers = b""
            while b'"ready":true' not in answers:
                answers += sock.recv(10_000)
            assert answers.count(b"HTTP/1.1 200") == 2

    def test_snapshots_and_reset(self, kafka: MockCluster, http: Client) -> None:
        kafka.produce("orders", "kept", partition=0)
        snapshot = http.post("/v1/snapshots")
        kafka.produce("orders", "lost", partition=0)
        assert snapshot in http.get("/v1/snapshots")["snapshots"]
        http.post(f"/v1/snapshots/{snapshot['id']}/restore")
        assert [record.value for record in kafka.records("orders")] == [b"kept"]
        assert http.ask("DELETE", f"/v1/snapshots/{snapshot['id']}").status == 204
        assert http.ask("POST", "/v1/reset").status == 204
        assert kafka.records("orders") == []


class TestClusters:
    def test_a_further_cluster_has_everything_under_its_path(self, kafka: MockCluster, http: Client) -> None:
        made = http.post("/v1/clusters", {"brokers": 2, "topics": {"own": 4}, "config": {"node.id": 7}})
        assert made in http.get("/v1/clusters")["clusters"]
        assert len(made["bootstrap_servers"].split(",")) == 2
        own = Client(f"{kafka.control_url}{made['path']}")
        assert [topic["name"] for topic in own.get("/topics")["topics"]] == ["own"]
        # As a client does that puts /v1 behind whatever address it was given.
        assert own.get("/v1/health")["bootstrap_servers"] == made["bootstrap_servers"]
        own.post("/topics/own/records", {"value": "v"})
        assert kafka.topics() == {"orders": 2}
        with KafkaClient(made["bootstrap_servers"], "svc") as client:
            brokers = client.ask("Metadata", 1, topics=[]).brokers
        assert [broker.node_id for broker in brokers] == [7, 8]
        assert http.ask("DELETE", made["path"]).status == 204
        assert http.ask("GET", f"{made['path']}/topics").status == 404
        with pytest.raises(ConnectionError):
            KafkaClient(made["bootstrap_servers"], "svc").ask("ApiVersions", 0)

    def test_further_clusters_end_with_the_first(self) -> None:
        with MockCluster() as first:
            made: Any = Client(first.control_url).post("/v1/clusters", {})
        with pytest.raises(ConnectionError):
            KafkaClient(made["bootstrap_servers"], "svc").ask("ApiVersions", 0)
