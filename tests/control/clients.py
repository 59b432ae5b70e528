"""Clients without sockets: they speak in frames to the broker of a cluster with a told clock."""

from __future__ import annotations

from typing import Any

from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.control.control import Control
from mockbroker.core.assembly import Core
from mockbroker.core.waiting import Part, Pending
from mockbroker.wire.caller import Caller, Disconnect
from protocol_specs import APIS, api_named
from protocol_specs.headers import REQUEST_HEADER, request_header, response_header
from protocol_specs.record_batch import Record, build_batch

NOW = 1_700_000_000.0


def frame(api: str, version: int, client_id: str | None = "test", **fields: Any) -> bytearray:
    """A request without its length."""
    spec = api_named(api)
    header = REQUEST_HEADER(
        request_api_key=spec.key, request_api_version=version, correlation_id=7, client_id=client_id
    )
    out = bytearray(request_header(spec.key, version).build(header))
    return bytearray(b"".join(spec.request[version].write(spec.request(**fields), out)))


def decoded(api: str, version: int, buffers: list[Any]) -> Any:
    """The message of an answer."""
    spec = api_named(api)
    answer = b"".join(buffers)
    assert int.from_bytes(answer[:4], "big") == len(answer) - 4
    _, at = response_header(spec.key, version).read(answer, 4)
    return spec.response[version].parse(answer[at:])


def batch(
    *values: bytes, key: bytes | None = None, timestamp_ms: int = int(NOW * 1000), **more: Any
) -> bytes:
    """A batch of records."""
    records = [Record(at, timestamp_ms, key, value, []) for at, value in enumerate(values)]
    return bytes(build_batch(records, **more))


class Cluster:
    """A cluster that is told the time."""

    def __init__(self, brokers: int = 1, seed: int = 1, now: float = NOW, **config: str) -> None:
        settings = Settings({name.replace("_", "."): value for name, value in config.items()})
        self.core = Core(settings, now=now, brokers=brokers, seed=seed)
        self.broker = Broker(self.core)
        self.control = Control(self.broker, seed)
        self._connections = 0
        # The first to ask for a coordinator makes the topic that the groups live in.
        self.client().ask("FindCoordinator", 3, key_type=0, key="g")

    def client(self, client_id: str | None = "test", broker: int = 1) -> Client:
        self._connections += 1
        return Client(self, Caller(self._connections, broker), client_id)

    def advance(self, seconds: float) -> None:
        """Let time pass, as the server does: who waits has a turn after each alarm."""
        until = self.core.clock.now + seconds
        while (due := self.core.clock.next_alarm) is not None and due <= until:
            self.core.clock.ring_next()
            self.core.waiting.flush()
        self.core.clock.advance_to(until)


class Client:
    """A connection."""

    def __init__(self, cluster: Cluster, caller: Caller, client_id: str | None) -> None:
        self.cluster = cluster
        self.caller = caller
        self.client_id = client_id
        cluster.broker.connected(caller)

    def send(self, api: str, version: int, **fields: Any) -> Any:
        """What the broker gives for a request: buffers, a Part, None, or a Pending."""
        return self.cluster.broker.receive(frame(api, version, self.client_id, **fields), self.caller)

    def ask(self, api: str, version: int, **fields: Any) -> Any:
        """The response to a request."""
        answer = self.send(api, version, **fields)
        if isinstance(answer, Pending):
            assert answer.is_settled, f"{api} is not answered"
            answer = answer.reply
        if isinstance(answer, Disconnect):
            raise answer
        assert isinstance(answer, list), f"{api} is answered by {answer!r}"
        return decoded(api, version, answer)

    def produce(self, topic: str, *values: bytes, partition: int = 0, acks: int = -1, **more: Any) -> Any:
        """The entry of the partition in the response to a Produce."""
        reply = self.ask(
            "Produce", 9, **produce_fields({topic: {partition: batch(*values, **more)}}, acks=acks)
        )
        return reply.responses[0].partition_responses[0]

    def fetch(self, topic: str, offset: int = 0, version: int = 12, **more: Any) -> Any:
        """The entry of the partition in the response to a Fetch."""
        reply = self.ask("Fetch", version, **fetch_fields(topic, offset, **more))
        return reply.responses[0].partitions[0]


def produce_fields(
    batches: dict[str, dict[int, bytes]], acks: int = -1, transactional_id: str | None = None
) -> dict[str, Any]:
    """A Produce by topic and partition."""
    topic = APIS[0].request.topic_data
    return {
        "transactional_id": transactional_id,
        "acks": acks,
        "timeout_ms": 1000,
        "topic_data": [
            topic(
                name=name,
                partition_data=[
                    topic.partition_data(index=index, records=records) for index, records in data.items()
                ],
            )
            for name, data in batches.items()
        ],
    }


def fetch_fields(
    topic: str, offset: int = 0, *, partition: int = 0, max_wait_ms: int = 0, **more: Any
) -> dict[str, Any]:
    """A Fetch of one partition by its name."""
    schema = APIS[1].request.topics
    one = schema.partitions(partition=partition, fetch_offset=offset, partition_max_bytes=1_000_000)
    return {
        "max_wait_ms": max_wait_ms,
        "min_bytes": 1,
        "topics": [schema(topic=topic, partitions=[one])],
        "rack_id": "",
        **more,
    }


def whole(answer: Any) -> tuple[bytes, Any]:
    """All bytes of an answer that leaves in parts without waiting, and what it ends with: None or a Disconnect."""
    sent = b""
    while True:
        if isinstance(answer, Pending):
            assert answer.is_settled
            answer = answer.reply
        if not isinstance(answer, Part):
            break
        sent += b"".join(answer.buffers)
        answer = answer.rest
    if isinstance(answer, Disconnect):
        return sent, answer
    return sent + b"".join(answer or []), None


def heartbeat(client: Client, group: str = "g") -> int:
    code: int = client.ask("Heartbeat", 4, group_id=group, generation_id=1, member_id="m").error_code
    return code


def values(cluster: Cluster, topic: str, partition: int) -> list[bytes | None]:
    return [record.value for record in cluster.control.commands.records(topic, partition)]
