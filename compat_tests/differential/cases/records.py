"""Produce, Fetch, ListOffsets, OffsetForLeaderEpoch, InitProducerId without transactions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compat_tests.differential.runner import Run, versions
from protocol_specs.record_batch import Record, build_batch

TIME_MS = 1_500_000_000_000


def batch(count: int = 1, *, key: bytes | None = b"k", size: int = 10, **more: Any) -> bytearray:
    """A batch of records whose timestamps are 1 ms apart."""
    records = [Record(i, TIME_MS + i, key, bytes(size), []) for i in range(count)]
    return build_batch(records, **more)


def produce(topic: str, records: Any, *, acks: int = -1, partition: int = 0, **more: Any) -> dict[str, Any]:
    """The fields of a Produce of one partition."""
    data = [{"name": topic, "partition_data": [{"index": partition, "records": records}]}]
    return {"acks": acks, "timeout_ms": 3000, "topic_data": data, **more}


def _damaged(records: bytearray, at: int, byte: int) -> bytearray:
    copy = bytearray(records)
    copy[at] ^= byte
    return copy


def _crc_again(records: bytearray) -> bytearray:
    from crc32c import crc32c

    copy = bytearray(records)
    copy[17:21] = crc32c(bytes(copy[21:])).to_bytes(4, "big")
    return copy


def produce_everywhere(run: Run) -> None:
    for version in versions("Produce"):
        mine = f"pr{version}"
        topic_id = run.create(mine, 2, retention_ms="-1")

        def ask(label: str, records: Any, *, topic: str = mine, id: bytes = topic_id, **more: Any) -> None:
            fields = produce(topic, records, **more)
            if version >= 13:  # noqa: B023
                fields["topic_data"][0]["topic_id"] = id
            if more.get("acks") == 0:
                run.tell(label, "Produce", version, **fields)  # noqa: B023
            else:
                run.ask(label, "Produce", version, **fields)  # noqa: B023

        ask("one", batch())
        ask("three", batch(3))
        ask("acks 1", batch(), acks=1)
        ask("acks 0", batch(), acks=0)
        for acks in (2, -2, 32767):
            ask(f"acks {acks}", batch(), acks=acks)
        ask("absent topic", batch(), topic="absent", id=b"1" * 16)
        ask("absent topic, acks 0", batch(), topic="absent", id=b"1" * 16, acks=0)
        ask("absent partition", batch(), partition=9)
        ask("negative partition", batch(), partition=-1)
        ask("no bytes", b"")
        ask("10 bytes", bytes(10))
        ask("zeroes", bytes(100))
        ask("two batches", batch() + batch())
        ask("bytes behind", batch() + b"xxx")
        ask("cut", batch(3)[:-5])
        ask("bad crc", _damaged(batch(3), 70, 1))
        for magic in (0, 1, 3, -1):
            changed = batch()
            changed[16] = magic & 0xFF
            ask(f"magic {magic}", changed)
        _headers(ask)
        ask("codec 5", _crc_again(_damaged(batch(), 22, 5)))
        ask("codec 1 of no gzip", _crc_again(_damaged(batch(), 22, 1)))
        ask("control batch", _crc_again(_damaged(batch(), 22, 0x20)))
        ask("transactional", _crc_again(_damaged(batch(), 22, 0x10)))
        ask("log append time", _crc_again(_damaged(batch(), 22, 0x08)))
        ask("too large", batch(1, size=1_100_000))
        ask("empty batch", batch(0) if False else _no_records())
        ask("last", batch())


def _no_records() -> bytearray:
    whole = bytearray(batch()[:61])
    whole[8:12] = (49).to_bytes(4, "big")
    whole[57:61] = bytes(4)
    return _crc_again(whole)


def _headers(ask: Any) -> None:
    """Headers that lie."""

    def changed(at: int, value: int, size: int, count: int = 3) -> bytearray:
        records = batch(count)
        records[at : at + size] = value.to_bytes(size, "big", signed=True)
        return _crc_again(records)

    ask("count 4 of 3", changed(57, 4, 4))
    ask("count 2 of 3", changed(57, 2, 4))
    ask("count 0 of 3", changed(57, 0, 4))
    ask("count -1", changed(57, -1, 4))
    ask("last delta 5 of 2", changed(23, 5, 4))
    ask("last delta 1 of 2", changed(23, 1, 4))
    ask("last delta -1", changed(23, -1, 4))
    ask("max timestamp 0", changed(35, 0, 8))
    ask("base timestamp far ahead", changed(27, 9_999_999_999_999, 8))
    ask("base offset 7", _with_base_offset(7))
    ask("leader epoch 9", _with_leader_epoch(9))
    ask("length too long", _with_length(1000))
    ask("length too short", _with_length(20))


def _with_base_offset(offset: int) -> bytearray:
    records = batch(2)
    records[0:8] = offset.to_bytes(8, "big")
    return records


def _with_leader_epoch(epoch: int) -> bytearray:
    records = batch(2)
    records[12:16] = epoch.to_bytes(4, "big")
    return records


def _with_length(length: int) -> bytearray:
    records = batch(2)
    records[8:12] = length.to_bytes(4, "big")
    return records


def produce_codecs(run: Run) -> None:
    from mockbroker.wire.compression import compress

    run.create("codecs", retention_ms="-1")
    for version in versions("Produce"):
        if version >= 13:
            continue
        for codec in (1, 2, 3, 4):
            records = batch(20, codec=codec, compress=compress)
            run.ask(f"codec {codec}", "Produce", version, **produce("codecs", records))


def produce_configs(run: Run) -> None:
    topics: Sequence[tuple[str, dict[str, str]]] = (
        ("pc-small", {"max_message_bytes": "200"}),
        ("pc-compact", {"cleanup_policy": "compact"}),
        ("pc-append", {"message_timestamp_type": "LogAppendTime"}),
        ("pc-before", {"message_timestamp_before_max_ms": "1000"}),
        ("pc-after", {"message_timestamp_after_max_ms": "1000"}),
        ("pc-gzip", {"compression_type": "gzip"}),
        ("pc-none", {"compression_type": "uncompressed"}),
        ("pc-isr", {"min_insync_replicas": "2"}),
        ("pc-segment", {"segment_bytes": "1048576"}),
    )
    for name, configs in topics:
        run.create(name, retention_ms="-1", **configs)
        for version in (3, 7, 8, 11, 12):
            run.ask(f"{name}: one", "Produce", version, **produce(name, batch()))
            run.ask(f"{name}: no key", "Produce", version, **produce(name, batch(2, key=None)))
            run.ask(f"{name}: 300 bytes", "Produce", version, **produce(name, batch(1, size=300)))


def idempotence(run: Run) -> None:
    run.create("idem", 2, retention_ms="-1")
    for version in versions("InitProducerId"):
        run.ask("new", "InitProducerId", version, transactional_id=None, transaction_timeout_ms=60000)
        run.ask("timeout 0", "InitProducerId", version, transactional_id=None, transaction_timeout_ms=0)
        if version >= 3:
            for producer_id, epoch in ((5, 0), (5, -1), (-1, 3), (1_000_000, 5)):
                run.ask(
                    f"with {producer_id} {epoch}",
                    "InitProducerId",
                    version,
                    transactional_id=None,
                    transaction_timeout_ms=60000,
                    producer_id=producer_id,
                    producer_epoch=epoch,
                )
    producer_id = run.prepare("InitProducerId", 4, transactional_id=None)["producer_id"]

    def ask(label: str, sequence: int, count: int = 1, epoch: int = 0, partition: int = 0) -> None:
        records = batch(count, producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence)
        run.ask(label, "Produce", 9, **produce("idem", records, partition=partition))

    ask("first", 0)
    ask("second", 1, 3)
    ask("duplicate of the second", 1, 3)
    ask("duplicate of the first", 0)
    ask("part of the second", 2, 2)
    ask("gap", 9)
    for sequence in range(4, 12):
        ask(f"sequence {sequence}", sequence)
    ask("old duplicate", 0)
    ask("new epoch, sequence 5", 5, 1, 1)
    ask("new epoch", 0, 1, 1)
    ask("old epoch", 12, 1, 0)
    ask("negative sequence", -1, 1, 1)
    ask("begins at 7 elsewhere", 7, 1, 0, 1)
    ask("huge sequence", 2_147_483_647, 3, 3)
    ask("wrapped", 2, 1, 3)


def list_offsets(run: Run) -> None:
    run.create("lo", 2, retention_ms="-1")
    run.prepare("Produce", 9, **produce("lo", batch(5)))
    run.prepare("Produce", 9, **produce("lo", batch(5)))
    for version in versions("ListOffsets"):
        for replica_id in (-1, -2, 5):
            for timestamp in (-1, -2, -3, -4, -5, -6, -7, 0, TIME_MS, TIME_MS + 3, TIME_MS + 99):
                partition = {"partition_index": 0, "timestamp": timestamp}
                run.ask(
                    f"replica {replica_id}, {timestamp}",
                    "ListOffsets",
                    version,
                    replica_id=replica_id,
                    topics=[{"name": "lo", "partitions": [partition]}],
                )
        for label, name, index, more in (
            ("empty partition", "lo", 1, {}),
            ("absent partition", "lo", 7, {}),
            ("absent topic", "absent", 0, {}),
            ("epoch 0", "lo", 0, {"current_leader_epoch": 0}),
            ("epoch 5", "lo", 0, {"current_leader_epoch": 5}),
        ):
            if more and version < 4:
                continue
            for timestamp in (-1, -2, TIME_MS):
                partition = {"partition_index": index, "timestamp": timestamp, **more}
                topics = [{"name": name, "partitions": [partition]}]
                run.ask(f"{label}, {timestamp}", "ListOffsets", version, replica_id=-1, topics=topics)
        twice = [{"name": "lo", "partitions": [{"timestamp": -1}, {"timestamp": -2}]}]
        run.ask("twice", "ListOffsets", version, replica_id=-1, topics=twice)
        if version >= 2:
            for level in (0, 1, 2):
                topics = [{"name": "lo", "partitions": [{"timestamp": -1}]}]
                run.ask(
                    f"isolation {level}",
                    "ListOffsets",
                    version,
                    replica_id=-1,
                    isolation_level=level,
                    topics=topics,
                )


def offset_for_leader_epoch(run: Run) -> None:
    run.create("ole", 2, retention_ms="-1")
    run.prepare("Produce", 9, **produce("ole", batch(5)))
    for version in versions("OffsetForLeaderEpoch"):
        for name, index in (("ole", 0), ("ole", 1), ("ole", 7), ("absent", 0)):
            for epoch in (-1, 0, 1, 5):
                for current in (-1, 0, 5):
                    partition = {"partition": index, "leader_epoch": epoch, "current_leader_epoch": current}
                    run.ask(
                        f"{name}-{index}, {epoch}, current {current}",
                        "OffsetForLeaderEpoch",
                        version,
                        topics=[{"topic": name, "partitions": [partition]}],
                    )


def fetch(run: Run) -> None:
    ids = {"fe": run.create("fe", 2, retention_ms="-1"), "absent": b"1" * 16}
    for _ in range(3):
        run.prepare("Produce", 9, **produce("fe", batch(4)))

    def ask(version: int, label: str, name: str = "fe", index: int = 0, offset: int = 0, **more: Any) -> Any:
        partition = {
            "partition": index,
            "fetch_offset": offset,
            "partition_max_bytes": more.pop("partition_max_bytes", 1_000_000),
            "current_leader_epoch": more.pop("current_leader_epoch", -1),
            "last_fetched_epoch": more.pop("last_fetched_epoch", -1),
        }
        topics = [{"topic": name, "topic_id": ids[name], "partitions": [partition]}]
        defaults = {"max_wait_ms": 50, "min_bytes": 1, "max_bytes": 10_000_000, "session_epoch": -1}
        return run.ask(label, "Fetch", version, **{**defaults, "topics": topics, **more})

    for version in versions("Fetch"):
        ask(version, "from 0")
        ask(version, "from 5", offset=5)
        ask(version, "from the end", offset=12)
        ask(version, "beyond the end", offset=13)
        ask(version, "negative", offset=-1)
        ask(version, "absent partition", index=7)
        ask(version, "empty partition", index=1)
        ask(version, "absent topic", name="absent")
        ask(version, "1 byte", partition_max_bytes=1)
        ask(version, "max_bytes 1", max_bytes=1)
        ask(version, "max_bytes 0", max_bytes=0)
        ask(version, "partition 200 bytes", partition_max_bytes=200)
        ask(version, "no wait", max_wait_ms=0, offset=12)
        ask(version, "min_bytes 0", min_bytes=0, offset=12)
        ask(version, "read committed", isolation_level=1)
        ask(version, "isolation 7", isolation_level=7)
        if version < 15:
            ask(version, "replica -2", replica_id=-2)
            ask(version, "replica 9", replica_id=9)
        if version >= 9:
            ask(version, "epoch 0", current_leader_epoch=0)
            ask(version, "epoch 7", current_leader_epoch=7)
        if version >= 12:
            ask(version, "last epoch 0", last_fetched_epoch=0)
            ask(version, "last epoch 7", last_fetched_epoch=7)
            ask(version, "last epoch 0 beyond", last_fetched_epoch=0, offset=50)
        ask(version, "nothing", topics=[])


def fetch_sessions(run: Run) -> None:
    topic_id = run.create("fs", 3, retention_ms="-1")
    run.prepare("Produce", 9, **produce("fs", batch(4)))

    def partitions(*indexes: int, offset: int = 0) -> list[dict[str, Any]]:
        wanted = [
            {"partition": index, "fetch_offset": offset, "partition_max_bytes": 100000} for index in indexes
        ]
        return [{"topic": "fs", "topic_id": topic_id, "partitions": wanted}]

    for version in (7, 11, 12, 13, 17):

        def ask(label: str, session_id: int, epoch: int, topics: Any = (), forgotten: Any = ()) -> Any:
            return run.ask(
                label,
                "Fetch",
                version,  # noqa: B023
                max_wait_ms=20,
                min_bytes=1,
                max_bytes=1_000_000,
                session_id=session_id,
                session_epoch=epoch,
                topics=list(topics),
                forgotten_topics_data=list(forgotten),
            )

        session = ask("full", 0, 0, partitions(0, 1, 2))["session_id"]
        ask("nothing new", session, 1)
        ask("forward", session, 2, partitions(0, offset=4))
        ask("wrong epoch", session, 9)
        ask("wrong session", 77, 1)
        ask("forget", session, 3, (), [{"topic": "fs", "topic_id": topic_id, "partitions": [0]}])
        ask("add again", session, 4, partitions(0, offset=2))
        ask("close", session, -1)
        ask("closed", session, 5)
        ask("epoch 1 of no session", 0, 1, partitions(0))
        ask("empty full", 0, 0)
