"""What the control plane refuses: wrong names and values, unknown things, strange pages, and who has no token."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from mockbroker import MockCluster
from mockbroker.server.cluster import ServedCluster
from mockbroker.server.http.listener import TokenNeeded, open_control
from mockbroker.server.http.loopback import is_loopback
from mockbroker.server.listeners import AddressInUse
from tests.server.http_client import Client


@pytest.fixture(scope="module")
def kafka() -> Iterator[MockCluster]:
    with MockCluster(brokers=2, topics={"orders": 2}, seed=1) as cluster:
        yield cluster


@pytest.fixture
def http(kafka: MockCluster) -> Client:
    return Client(kafka.control_url)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field", "choices"),
    [
        ("GET", "/v1/topics/nope", None, 404, "topic", ["orders"]),
        ("DELETE", "/v1/topics/nope", None, 404, "topic", ["orders"]),
        ("GET", "/v1/partitions/orders/9", None, 404, "partition", ["0", "1"]),
        ("GET", "/v1/partitions/orders/x", None, 404, "partition", []),
        ("GET", "/v1/partitions/nope/0", None, 404, "topic", ["orders"]),
        ("POST", "/v1/partitions/orders/0/leader", {"to": 9}, 404, "to", ["1", "2"]),
        ("POST", "/v1/partitions/orders/0/leader", {}, 400, "to", []),
        ("POST", "/v1/partitions/orders/0/leader", {"to": "1"}, 400, "to", []),
        ("POST", "/v1/partitions/orders/0/leader", {"to": True}, 400, "to", []),
        ("POST", "/v1/brokers/9/stop", None, 404, "broker", ["1", "2"]),
        ("POST", "/v1/brokers/x/stop", None, 404, "broker", ["1", "2"]),
        ("GET", "/v1/groups/nope", None, 404, "group", []),
        (
            "POST",
            "/v1/groups/g/offsets",
            {"topic": "nope", "partition": 0, "offset": 0},
            404,
            "topic",
            ["orders"],
        ),
        ("POST", "/v1/topics", {"name": "orders"}, 409, "name", []),
        ("POST", "/v1/topics", {"name": "a b"}, 400, "name", []),
        ("POST", "/v1/topics", {"name": "a", "replication_factor": 3}, 400, "replication_factor", []),
        ("POST", "/v1/topics", {"name": "a", "config": {"nonsense": 1}}, 400, "config", []),
        (
            "POST",
            "/v1/topics",
            {"nam": "a"},
            400,
            "nam",
            ["name", "partitions", "replication_factor", "config"],
        ),
        ("POST", "/v1/topics", [], 400, "body", ["name", "partitions", "replication_factor", "config"]),
        ("POST", "/v1/topics", b"{", 400, "body", []),
        ("POST", "/v1/topics", b'{"name": NaN}', 400, "body", []),
        ("POST", "/v1/topics", b"[" * 100_000, 400, "body", []),
        ("POST", "/v1/topics/orders/records", {"vale": 1}, 400, "vale", None),
        ("POST", "/v1/topics/orders/records", {"records": [], "value": 1}, 400, "value", ["records"]),
        ("POST", "/v1/topics/orders/records", {"topic": "other"}, 400, "topic", ["orders"]),
        ("POST", "/v1/topics/orders/records", [7], 400, "record", []),
        ("POST", "/v1/topics/orders/records", {"value_base64": "?"}, 400, "value_base64", []),
        ("GET", "/v1/topics/orders/records?partition=x", None, 400, "partition", []),
        ("GET", "/v1/topics/orders/records?partition=-1", None, 400, "partition", []),
        ("GET", "/v1/topics/orders/records?limt=1", None, 400, "limt", ["partition", "offset", "limit"]),
        ("GET", "/v1/topics?internal=maybe", None, 400, "internal", []),
        ("POST", "/v1/faults", {"api": "Produc", "hang": True}, 400, "api", None),
        ("POST", "/v1/faults", {"api": "Produce"}, 400, "error", None),
        ("POST", "/v1/faults", {"hang": True, "tims": 1}, 400, "tims", None),
        ("POST", "/v1/faults", [], 400, "body", None),
        ("POST", "/v1/faults", {"hang": True, "probability": None}, 400, "probability", []),
        ("POST", "/v1/faults", b'{"delay": 1e999}', 400, "delay", []),
        ("POST", "/v1/faults", {"metadata": {"leader": "x"}}, 400, "metadata.leader", []),
        ("POST", "/v1/faults", {"metadata": {"addresses": {"1": 5}}}, 400, "metadata.addresses", []),
        ("POST", "/v1/topics/orders/records", None, 400, "record", None),
        ("GET", "/v1/faults/9", None, 404, "fault", []),
        ("DELETE", "/v1/faults/x", None, 404, "fault", []),
        ("POST", "/v1/scenarios", {"name": "nope"}, 400, "name", None),
        ("POST", "/v1/scenarios", {}, 400, "name", None),
        ("POST", "/v1/scenarios", {"name": "leader_flaps"}, 400, "topic", []),
        ("POST", "/v1/scenarios", {"name": "leader_flaps", "topic": "nope"}, 404, "topic", ["orders"]),
        ("DELETE", "/v1/scenarios/9", None, 404, "scenario", []),
        ("GET", "/v1/journal?api=Nope", None, 400, "api", None),
        ("GET", "/v1/journal?since=1&since=2", None, 400, "since", []),
        ("GET", "/v1/journal/99999", None, 404, "exchange", []),
        ("GET", "/v1/journal/export?format=xml", None, 400, "format", ["jsonl", "pcap"]),
        ("GET", "/v1/lint?rule=nope", None, 400, "rules", None),
        ("POST", "/v1/wait", {"for": "gruop"}, 400, "for", None),
        ("POST", "/v1/wait", {}, 400, "for", None),
        ("POST", "/v1/wait", [], 400, "body", None),
        ("POST", "/v1/wait", {"for": "group", "group": "g"}, 400, "state", None),
        ("POST", "/v1/wait", {"for": "group", "state": "Stable"}, 400, "group", []),
        ("POST", "/v1/wait", {"for": "group", "group": "g", "topic": "t"}, 400, "topic", None),
        ("POST", "/v1/wait", {"for": "records", "topic": "t", "count": "3"}, 400, "count", []),
        ("POST", "/v1/clock/advance", {"seconds": -1}, 400, "seconds", []),
        ("POST", "/v1/clock/advance", {"seconds": 1e12}, 400, "seconds", []),
        ("POST", "/v1/clock/advance", {"seconds": "1"}, 400, "seconds", []),
        ("POST", "/v1/snapshots/9/restore", None, 404, "snapshot", []),
        ("DELETE", "/v1/snapshots/9", None, 404, "snapshot", []),
        ("POST", "/v1/clusters", {"brokers": 0}, 400, "brokers", []),
        ("POST", "/v1/clusters", {"topics": {"a": "b"}}, 400, "topics", []),
        ("POST", "/v1/clusters", {"topics": {"a b": 1}}, 400, "name", []),
        ("POST", "/v1/clusters", {"config": {"nonsense": 1}}, 400, "nonsense", []),
        ("POST", "/v1/clusters", {"emulate": "1000"}, 400, None, None),
        ("DELETE", "/v1/clusters/1", None, 409, "cluster", []),
        ("GET", "/v1/clusters/9", None, 404, "cluster", ["1"]),
        ("GET", "/v1/clusters/x/topics", None, 404, "cluster", ["1"]),
        ("GET", "/v1/nope", None, 404, "path", None),
        ("GET", "/nope", None, 404, "path", ["/", "/v1/openapi.json"]),
        ("PUT", "/v1/topics", {}, 405, "method", ["GET", "POST"]),
        ("POST", "/", {}, 405, "method", ["GET", "HEAD"]),
        ("POST", "/v1/openapi.json", {}, 405, "method", ["GET", "HEAD"]),
    ],
)
def test_a_problem_names_the_field_and_lists_the_choices(
    http: Client,
    method: str,
    path: str,
    body: Any,
    status: int,
    field: str | None,
    choices: list[str] | None,
) -> None:
    answer = http.ask(method, path, body)
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.data
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"]
    assert problem["detail"]
    assert problem.get("field") == field
    if choices is not None:
        assert problem.get("choices", []) == choices
    elif field is not None:
        # Too many to be said again here.
        assert len(problem["choices"]) > 2


class TestWhoMayAsk:
    @pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1:1", "null"])
    def test_pages_of_other_sites_change_nothing(self, http: Client, origin: str) -> None:
        answer = http.ask("POST", "/v1/topics", {"name": "evil"}, Origin=origin)
        assert (answer.status, answer.data["field"]) == (403, "Origin")
        assert http.ask("GET", "/v1/topics/evil").status == 404

    def test_nor_do_requests_that_the_browser_says_are_from_other_sites(self, http: Client) -> None:
        answer = http.ask("DELETE", "/v1/topics/orders", Sec_Fetch_Site="cross-site")
        assert (answer.status, answer.data["field"]) == (403, "Sec-Fetch-Site")

    def test_the_inspector_may(self, http: Client) -> None:
        answer = http.ask("DELETE", "/v1/journal", Origin=http.url, Sec_Fetch_Site="same-origin")
        assert answer.status == 204

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:80", "169.254.1.1", "127.0.0.1.evil.example"]
    )
    def test_names_that_were_made_to_point_here(self, http: Client, host: str) -> None:
        answer = http.ask("GET", "/v1/topics", Host=host)
        assert (answer.status, answer.data["field"]) == (421, "Host")

    @pytest.mark.parametrize("host", ["localhost", "localhost:1234", "127.0.0.1:9", "[::1]:5", "127.1.2.3"])
    def test_loopback_by_any_name(self, http: Client, host: str) -> None:
        assert http.ask("GET", "/v1/topics", Host=host).status == 200


class TestHttp:
    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (b"nonsense\r\n\r\n", 400),
            (b"GET /v1/health HTTP/1.1\r\n\r\n", 400),
            (b"GET /v1/health HTTP/1.0\r\n\r\n", 400),
            (b"GET /v1/health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000, 431),
            (b"POST /v1/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", None),
        ],
    )
    def test_what_is_no_request(self, http: Client, sent: bytes, status: int | None) -> None:
        host, port = http.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as sock:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while part := sock.recv(10_000):
                answer += part
        if status is not None:
            assert int(answer.split()[1]) == status
            assert b"application/problem+json" in answer

    def test_a_body_that_is_too_large(self, http: Client) -> None:
        answer = http.ask("POST", "/v1/topics/orders/records", b" " * (17 * 1024 * 1024))
        assert (answer.status, answer.headers["connection"]) == (413, "close")

    def test_a_connection_serves_many_requests(self, http: Client) -> None:
        host, port = http.url.removeprefix("http://").split(":")
        request = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=10) as sock:
            sock.sendall(request * 3)
            answers = b""
            while answers.count(b'"ready":true') < 3:
                answers += sock.recv(10_000)

    def test_head_has_no_body(self, http: Client) -> None:
        answer = http.ask("HEAD", "/v1/health")
        assert (answer.status, answer.content) == (200, b"")
        assert int(answer.headers["content-length"]) > 10


class TestToken:
    @pytest.fixture
    def guarded(self) -> Iterator[Client]:
        with MockCluster(topics={"orders": 1}) as kafka:
            control = kafka._call(lambda: open_control(kafka._served, "0.0.0.0", 0, "secret"))
            yield Client(control.url)

    @pytest.mark.parametrize(
        "given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret"}]
    )
    def test_is_needed(self, guarded: Client, given: dict[str, str]) -> None:
        answer = guarded.ask("GET", "/v1/topics", **given)
        assert (answer.status, answer.data["field"]) == (401, "Authorization")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert guarded.ask("GET", "/v1/clusters/1/topics", **given).status == 401

    def test_opens(self, guarded: Client) -> None:
        # By whatever name the container is called: whoever has the token means it.
        assert (
            guarded.ask("GET", "/v1/topics", Authorization="bearer secret", Host="kafka:9099").status == 200
        )

    @pytest.mark.parametrize("path", ["/", "/v1/health", "/v1/openapi.json"])
    def test_what_shows_nothing_needs_none(self, guarded: Client, path: str) -> None:
        assert guarded.ask("GET", path).status == 200


class TestWhereItListens:
    @pytest.fixture
    def served(self) -> Iterator[ServedCluster]:
        served = ServedCluster()
        yield served
        served.server.close_all()

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "kafka.example"])
    def test_not_beyond_loopback_without_a_token(self, served: ServedCluster, host: str) -> None:
        with pytest.raises(TokenNeeded, match="not loopback, so it needs --control-token"):
            open_control(served, host, 0)

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
    def test_loopback(self, host: str) -> None:
        assert is_loopback(host)

    def test_a_taken_port_is_an_error_only_where_it_was_asked_for(
        self, served: ServedCluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            monkeypatch.setattr("mockbroker.server.http.listener.DEFAULT_PORT", port)
            with pytest.raises(AddressInUse):
                open_control(served, "127.0.0.1", port)
            other = open_control(served)
            assert other.port != port
            other.close()
        default = open_control(served)
        assert default.url == f"http://127.0.0.1:{port}"
        default.close()
