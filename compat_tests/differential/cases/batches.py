"""Record bytes of every odd kind in Produce, and what the log then holds."""

from __future__ import annotations

import random
import struct
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from compat_tests.differential.cases.records import TIME_MS, produce
from compat_tests.differential.runner import Run
from mockbroker.wire.compression import compress, decompress
from protocol_specs.message_set import build_message_set
from protocol_specs.record_batch import Record, batches_in, build_batch, crc_of, parse_header, records_of

_CODECS = range(5)
Bytes = bytes | bytearray

_TOPICS: dict[str, dict[str, str]] = {
    "plain": {},
    "compacted": {"cleanup_policy": "compact"},
    "append": {"message_timestamp_type": "LogAppendTime"},
    "uncompressed": {"compression_type": "uncompressed"},
    "gzip": {"compression_type": "gzip"},
    "snappy": {"compression_type": "snappy"},
    "lz4": {"compression_type": "lz4"},
    "zstd": {"compression_type": "zstd"},
    "before": {"message_timestamp_before_max_ms": str(2**60), "message_timestamp_after_max_ms": "1000"},
}


def odd_batches(run: Run) -> None:
    for name, configs in _TOPICS.items():
        run.create(f"ob-{name}", **configs)
    for label, topic, records in _odd():
        for version in (7, 12):
            run.ask(f"{topic}: {label}", "Produce", version, **produce(f"ob-{topic}", records))
    for name in _TOPICS:
        run.note(f"what ob-{name} holds", _held(run, f"ob-{name}"))


def _odd() -> Iterator[tuple[str, str, Bytes]]:
    yield from _framed()
    yield from _headers()
    for codec in _CODECS:
        yield from _counted(codec)
        yield from _bodies(codec)
        for topic in ("uncompressed", "gzip", "snappy", "lz4", "zstd", "append", "compacted"):
            keyed = record(b"a", key=b"k", headers=[("h", b"1"), ("null", None)])
            yield f"codec {codec}", topic, batch(keyed, keyed._replace(value=b"b" * 50), codec=codec)
            yield f"codec {codec}, no key", topic, batch(keyed, record(), codec=codec)
        yield f"future, codec {codec}", "before", batch(record(), record(time_ms=2**55), codec=codec)
    yield from _flipped()


def record(
    value: bytes = b"v", *, key: bytes | None = None, time_ms: int = TIME_MS, headers: Any = ()
) -> Record:
    return Record(-1, time_ms, key, value, headers)


def batch(*records: Record, codec: int = 0, **fields: Any) -> bytearray:
    return build_batch(records, codec=codec, compress=compress, **fields)


def altered(data: Bytes, at: int, layout: str, number: int) -> bytearray:
    """With one number of the header set, and the CRC made right."""
    copy = bytearray(data)
    struct.pack_into(layout, copy, at, number)
    struct.pack_into(">I", copy, 17, crc_of(copy))
    return copy


def holding(body: bytes, count: int, codec: int = 0) -> bytearray:
    """A batch that says `count` records and has these bytes in their place."""
    data = batch(record())[:61] + (compress(codec, body) if codec else body)
    struct.pack_into(">i", data, 8, len(data) - 12)
    return altered(altered(altered(data, 57, ">i", count), 23, ">i", count - 1), 21, ">h", codec)


def _framed() -> Iterator[tuple[str, str, Bytes]]:
    whole, head = batch(record()), bytes(8)
    for label, data in (
        ("nothing", b""),
        ("11 bytes", bytes(11)),
        ("16 bytes", head + struct.pack(">i", 16) + bytes(4)),
        ("length 13", head + struct.pack(">i", 13) + bytes(30)),
        ("length -1", head + struct.pack(">i", -1) + bytes(30)),
        ("magic 3", head + struct.pack(">i", 16) + b"\0\0\0\0\3" + bytes(40)),
        ("magic -1", head + struct.pack(">i", 16) + b"\0\0\0\0\xff" + bytes(40)),
        ("magic 2, 28 bytes", head + struct.pack(">i", 16) + b"\0\0\0\0\2" + bytes(11)),
        ("magic 0", build_message_set([record()._replace(offset=0)], 0)),
        ("magic 1", build_message_set([record()._replace(offset=0)], 1)),
        ("zeros behind", whole + bytes(40)),
        ("half a batch behind", whole + whole[:40]),
    ):
        yield label, "plain", bytes(data)


def _headers() -> Iterator[tuple[str, str, Bytes]]:
    two = batch(record(b"a"), record(b"b"))
    for label, at, layout, number in (
        ("base offset 5", 0, ">q", 5),
        ("base offset -1", 0, ">q", -1),
        ("leader epoch 77", 12, ">i", 77),
        ("last delta -1", 23, ">i", -1),
        ("last delta least", 23, ">i", -(2**31)),
        ("last delta 5", 23, ">i", 5),
        ("count 0", 57, ">i", 0),
        ("count -7", 57, ">i", -7),
        ("count 3", 57, ">i", 3),
        ("producer without sequence", 43, ">q", 9),
        ("attributes 0x100", 21, ">h", 0x100),
        ("append time", 21, ">h", 0x08),
        ("delete horizon", 21, ">h", 0x40),
        ("control", 21, ">h", 0x20),
        ("codec 5", 21, ">h", 5),
        ("codec 7", 21, ">h", 7),
        ("max timestamp too low", 35, ">q", TIME_MS - 99),
        ("max timestamp too high", 35, ">q", TIME_MS + 99),
        ("max timestamp in the future", 35, ">q", 2**55),
    ):
        yield label, "plain", bytes(altered(two, at, layout, number))
    for time_ms in (-1, -2, 0):
        for topic in ("plain", "append", "gzip"):
            yield f"timestamp {time_ms}", topic, bytes(batch(record(time_ms=time_ms)))
    yield "append time", "append", bytes(batch(record(key=b"xy"), append_time_ms=TIME_MS))
    yield "append time", "lz4", bytes(batch(record(key=b"xy"), append_time_ms=TIME_MS, codec=1))


def _counted(codec: int) -> Iterator[tuple[str, str, Bytes]]:
    for count in (2, 40, 1_500):
        whole = batch(*[record(b"value%d" % number) for number in range(count)], codec=codec)
        yield f"{count} records, codec {codec}", "plain", bytes(whole)
        for says in (count - 1, count + 1):
            wrong = altered(altered(whole, 57, ">i", says), 23, ">i", says - 1)
            yield f"{count} records that say {says}, codec {codec}", "plain", bytes(wrong)
    gaps = [record()._replace(offset=0), record()._replace(offset=5)]
    for topic in ("plain", "gzip"):
        with_gaps = batch(*gaps, codec=codec, keeps_offsets=True, last_offset_delta=1)
        yield f"gaps, codec {codec}", topic, bytes(with_gaps)


def _bodies(codec: int) -> Iterator[tuple[str, str, Bytes]]:
    fine = b"\x0c\0\0\0\1\1\0"
    for number, body in enumerate(
        (
            b"",
            b"\0",
            bytes(7),
            fine,
            b"\x0e" + fine[1:],
            b"\x0b" + fine[1:],
            fine[:-1] + b"\1",
            fine[:-1] + b"\2",
            b"\x0c\0\0\0\3\3\0",
            b"\x0c\0\0\0\x14\1\0",
            b"\x12\0\0\0\1\1\2\1\0\0",
            b"\x12\0\0\0\1\1\2\0\1\0",
            fine + b"x",
            b"\xff" * 20,
            b"\x80" * 20,
            fine[:1] + b"\7" + fine[2:],
        )
    ):
        for count in (1, 2):
            yield f"body {number} as {count}, codec {codec}", "plain", bytes(holding(body, count, codec))
    if codec:
        data = compress(codec, fine)
        for label, changed in (("zeros", bytes(len(data))), ("cut", data[:-4]), ("longer", data + b"xx")):
            whole = batch(record())[:61] + changed
            struct.pack_into(">i", whole, 8, len(whole) - 12)
            yield f"{label}, codec {codec}", "plain", bytes(altered(whole, 21, ">h", codec))


def _flipped() -> Iterator[tuple[str, str, Bytes]]:
    chance = random.Random(5)
    for number in range(60):
        records = [
            record(chance.randbytes(chance.randrange(30)), key=chance.choice([None, b"k"]))
            for _ in range(chance.choice([1, 2, 5]))
        ]
        body = batch(*records)[61:]
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        topic = chance.choice(["plain", "compacted", "append", "lz4"])
        yield f"flipped {number}", topic, bytes(holding(bytes(body), len(records), chance.choice(_CODECS)))


def _held(run: Run, topic: str) -> list[str]:
    """Every batch of the topic, with its records, but for the bytes of a codec and the broker's time."""
    partition = {
        "partition": 0,
        "fetch_offset": 0,
        "partition_max_bytes": 50_000_000,
        "current_leader_epoch": -1,
    }
    answer = run.prepare(
        "Fetch",
        11,
        replica_id=-1,
        max_wait_ms=50,
        max_bytes=50_000_000,
        session_epoch=-1,
        topics=[{"topic": topic, "partitions": [partition]}],
    )
    (entry,) = answer["responses"][0]["partitions"]
    return [_described(view) for view in batches_in(b64decode(entry["records"]))]


def _described(view: memoryview) -> str:
    header = parse_header(view)
    is_ours = header.is_append_time
    try:
        records: object = [
            record._replace(timestamp_ms=0, headers=list(record.headers)) if is_ours else record
            for record in records_of(view, decompress)
        ]
    except Exception as error:
        records = repr(error)
    return (
        f"{header.base_offset}..{header.last_offset} {header.count} records, attributes {header.attributes}, "
        f"base timestamp {header.base_timestamp}, max {'now' if is_ours else header.max_timestamp}, "
        f"epoch {header.leader_epoch}, crc {header.crc == crc_of(view)}: {records}"
    )
