"""A cluster that is asked in frames, for the tests of the transaction APIs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.core.assembly import Core
from mockbroker.core.waiting import Pending
from mockbroker.wire.caller import Caller
from protocol_specs import APIS, api_named
from protocol_specs.headers import request_header, response_header
from protocol_specs.record_batch import Record, build_batch

START = 1_700_000_000.0
TX = "tx"


class Denying:
    """An authorizer that denies some operations."""

    def __init__(self, *denied: tuple[int, int]) -> None:
        self.denied = denied

    def allows(self, caller: Caller, operation: int, resource_type: int, name: str) -> bool:
        return (operation, resource_type) not in self.denied

    def allows_any(self, caller: Caller, operation: int, resource_type: int) -> bool:
        return (operation, resource_type) not in self.denied


class Desk:
    """One broker, or some, with the topics orders (2 partitions) and payments (1)."""

    def __init__(self, brokers: int = 1) -> None:
        static = {"transaction.state.log.num.partitions": "2", "offsets.topic.num.partitions": "2"}
        self.core = Core(Settings(static), now=START, brokers=brokers, seed=1)
        self.core.cluster.create_topic("orders", partitions=2, replication_factor=brokers)
        self.core.cluster.create_topic("payments", partitions=1, replication_factor=brokers)
        self.node = self.core.transactions.find_coordinator(TX)
        self.broker = Broker(self.core)

    def deny(self, *denied: tuple[int, int]) -> None:
        """Deny these pairs of operation and kind of resource from now on."""
        self.core.authorizer = Denying(*denied)

    def ask(self, name: str, version: int, *, node: int | None = None, **fields: Any) -> Any:
        """What a broker answers (the coordinator of tx, unless another is named); must be there."""
        answer = self.send(name, version, node=node, **fields)
        if isinstance(answer, Pending):
            assert answer.is_settled
            answer = answer.reply
        return self.decode(name, version, answer)

    def send(self, name: str, version: int, *, node: int | None = None, **fields: Any) -> Any:
        """The answer's buffers, or a Pending of them."""
        api = api_named(name)
        frame = bytearray(struct.pack(">hhih", api.key, version, 1, 4) + b"test")
        if request_header(api.key, version).version >= 2:
            frame.append(0)
        frame += api.request[version].build(api.request(**fields))
        return self.broker.receive(frame, Caller(1, self.node if node is None else node))

    def decode(self, name: str, version: int, buffers: Sequence[Any]) -> Any:
        api = APIS[api_named(name).key]
        at = 8 if response_header(api.key, version).version == 0 else 9
        return api.response[version].parse(b"".join(buffers)[at:])

    def init(self, name: str = TX) -> tuple[int, int]:
        """Producer id and epoch of a new producer."""
        node = self.core.transactions.find_coordinator(name)
        for _ in range(2):
            reply = self.ask(
                "InitProducerId", 5, node=node, transactional_id=name, transaction_timeout_ms=60_000
            )
            if reply.error_code == 0:
                break
        assert reply.error_code == 0
        return reply.producer_id, reply.producer_epoch

    def produce(self, version: int, producer: tuple[int, int], name: str | None = TX, index: int = 0) -> Any:
        """The one partition's entry in the answer to a transactional Produce of one record."""
        batch = build_batch(
            [Record(timestamp_ms=int(START * 1000), value=b"v")],
            producer_id=producer[0],
            producer_epoch=producer[1],
            base_sequence=0,
            is_transactional=True,
        )
        topic = self.core.cluster.topics["orders"]
        data = api_named("Produce").request.topic_data
        reply = self.ask(
            "Produce",
            version,
            node=topic.partitions[index].leader,
            transactional_id=name,
            acks=-1,
            timeout_ms=1000,
            topic_data=[
                data(
                    name="orders" if version < 13 else "",
                    topic_id=topic.id if version >= 13 else bytes(16),
                    partition_data=[data.partition_data(index=index, records=memoryview(batch))],
                )
            ],
        )
        (answered,) = reply.responses
        (entry,) = answered.partition_responses
        return entry
