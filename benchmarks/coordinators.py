"""What one transaction of ten records and one commit of an offset cost the broker, without sockets.

    python -m benchmarks.coordinators [--profile]

Prints microseconds of CPU for each: the smallest of several rounds, since other work on the machine only adds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time

from benchmarks import wire
from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.core.assembly import Core
from mockbroker.wire.caller import Caller
from protocol_specs import APIS
from protocol_specs.record_batch import Record, build_batch

ROUNDS = 12
TIMES = 400
NOW = 1_700_000_000

_PRODUCE, _OFFSET_COMMIT, _FIND_COORDINATOR = 0, 8, 10
_INIT_PRODUCER_ID, _ADD_PARTITIONS, _END_TXN, _TXN_OFFSET_COMMIT = 22, 24, 26, 28

#: Makes the frames of one turn, given its number.
Frames = Callable[[int], list[bytearray]]


def make_broker() -> Broker:
    """A broker with a topic "t", a transactional producer "x" whose id is 0 and whose epoch is 0, and a group "g"."""
    broker = Broker(Core(Settings({}), now=NOW, seed=1))
    broker.core.cluster.create_topic("t")
    caller = Caller(1, 1)
    for kind, name in enumerate(("g", "x")):
        broker.receive(wire.frame(_FIND_COORDINATOR, 4, key_type=kind, coordinator_keys=[name]), caller)
    init = {"transactional_id": "x", "transaction_timeout_ms": 60000, "producer_id": -1, "producer_epoch": -1}
    broker.receive(wire.frame(_INIT_PRODUCER_ID, 5, **init), caller)
    return broker


def _produce(version: int, epoch: int, sequence: int) -> bytearray:
    records = [Record(-1, NOW * 1000, None, b"value") for _ in range(10)]
    batch = build_batch(
        records, producer_id=0, producer_epoch=epoch, base_sequence=sequence, is_transactional=True
    )
    topics = APIS[_PRODUCE].request.topic_data
    data = [
        topics(name="t", topic_id=bytes(16), partition_data=[topics.partition_data(index=0, records=batch)])
    ]
    return wire.frame(_PRODUCE, version, transactional_id="x", acks=-1, timeout_ms=1000, topic_data=data)


def _end(version: int, epoch: int) -> bytearray:
    producer = {"producer_id": 0, "producer_epoch": epoch}
    return wire.frame(_END_TXN, version, transactional_id="x", **producer, committed=True)


def _transaction(turn: int) -> list[bytearray]:
    """With epoch bumps, as Java clients since 4.0."""
    return [_produce(12, turn, 0), _end(5, turn)]


def _older_transaction(turn: int) -> list[bytearray]:
    """Without, as librdkafka."""
    topics = [APIS[_ADD_PARTITIONS].request.v3_and_below_topics(name="t", partitions=[0])]
    asked = {"transactional_id": "x", "producer_id": 0, "producer_epoch": 0, "topics": topics}
    named = {f"v3_and_below_{name}": value for name, value in asked.items()}
    return [wire.frame(_ADD_PARTITIONS, 0, **named), _produce(10, 0, turn * 10), _end(1, 0)]


def _consumed_transaction(turn: int) -> list[bytearray]:
    """With the offset of what was consumed."""
    topics = APIS[_TXN_OFFSET_COMMIT].request.topics
    one = topics.partitions(partition_index=0, committed_offset=turn, committed_metadata="")
    commit = wire.frame(
        _TXN_OFFSET_COMMIT,
        5,
        transactional_id="x",
        group_id="g",
        producer_id=0,
        producer_epoch=turn,
        topics=[topics(name="t", partitions=[one])],
    )
    return [_produce(12, turn, 0), commit, _end(5, turn)]


def _commit(turn: int) -> list[bytearray]:
    topics = APIS[_OFFSET_COMMIT].request.topics
    one = topics.partitions(partition_index=0, committed_offset=turn, committed_metadata="")
    asked = [topics(name="t", partitions=[one])]
    return [wire.frame(_OFFSET_COMMIT, 9, group_id="g", topics=asked)]


TURNS: dict[str, Frames] = {
    "transaction, v2": _transaction,
    "transaction, v1": _older_transaction,
    "transaction with an offset, v2": _consumed_transaction,
    "OffsetCommit v9": _commit,
}


def measure(broker: Broker, frames_of: Frames) -> float:
    """Microseconds for each turn, in the best round."""
    best = float("inf")
    caller = Caller(1, 1)
    for round_number in range(ROUNDS):
        frames = [one for turn in range(TIMES) for one in frames_of(round_number * TIMES + turn)]
        start = process_time()
        for one in frames:
            broker.receive(one, caller)
        best = min(best, process_time() - start)
    return best / TIMES * 1e6


def main() -> None:
    for name, frames_of in TURNS.items():
        if "--profile" in sys.argv:
            import cProfile

            broker, caller = make_broker(), Caller(1, 1)
            frames = [one for turn in range(2000) for one in frames_of(turn)]
            print(name)
            with cProfile.Profile() as profile:
                for one in frames:
                    broker.receive(one, caller)
            profile.print_stats("tottime")
        print(f"{name:32} {measure(make_broker(), frames_of):6.1f} us")


if __name__ == "__main__":
    main()
