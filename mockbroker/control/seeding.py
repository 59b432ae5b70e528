"""Records and offsets from files, for a test to begin with.

A record is an object of JSON: `topic`, `partition`, `key`, `value`, `headers` (an object, or pairs), `timestamp_ms`;
all may be left out but the topic. Keys and values are text, or null; other JSON stands for its own text. `key_base64`
and `value_base64` are for bytes.

A directory of fixtures may have:

- `topics.json`: {"orders": 6, "payments": {"partitions": 3, "replication_factor": 2, "config": {...}}}
- `NAME.jsonl`: records, a line each, of the topic NAME where they do not name one;
- `offsets.json`: {"billing": {"orders": {"0": 42}}}: committed offsets by group, topic and partition.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.control.problems import BadField, check_names
from mockbroker.core.groups.requests import CommitRequest, CommitTopic, OffsetToCommit
from mockbroker.core.waiting import Pending
from protocol_specs.errors import KafkaError

if TYPE_CHECKING:
    from mockbroker.control.commands import Commands
    from mockbroker.control.views import Record
    from mockbroker.core.assembly import Core

__all__ = ["RECORD_FIELDS", "SeedRecord", "Seeding", "seed_record", "seed_records"]

RECORD_FIELDS = (
    "topic",
    "partition",
    "key",
    "value",
    "headers",
    "timestamp_ms",
    "key_base64",
    "value_base64",
)
_TOPIC_FIELDS = ("partitions", "replication_factor", "config")
_COMMIT_VERSION = 9


class SeedRecord(NamedTuple):
    """A record that is to be produced. `partition` None: the one that the key belongs to, or each in its turn."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int | None = None
    timestamp_ms: int | None = None


def seed_record(data: Mapping[str, Any], topic: str | None = None) -> SeedRecord:
    """Read a record.

    Args:
        topic: where the record names none.

    Raises:
        BadField: a name or a value is not right.
    """
    if not isinstance(data, Mapping):
        raise BadField("record", f"must be an object, not {data!r}")
    check_names(data, RECORD_FIELDS, "a record")
    name = data.get("topic", topic)
    if not isinstance(name, str):
        raise BadField("topic", f"must be the name of a topic, not {name!r}")
    for field in ("partition", "timestamp_ms"):
        value = data.get(field)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadField(field, f"must be a number, not {value!r}")
    return SeedRecord(
        name,
        _content(data, "value"),
        _content(data, "key"),
        tuple(_headers(data.get("headers", ()))),
        data.get("partition"),
        data.get("timestamp_ms"),
    )


def seed_records(lines: Iterable[str], name: str, topic: str | None = None) -> Iterator[SeedRecord]:
    """Read a record from each line that is not blank.

    Args:
        name: of the file, for errors.
        topic: where a record names none.

    Raises:
        BadField: a line is no record; the text says which.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield seed_record(json.loads(line), topic)
            except ValueError as error:
                raise BadField(f"{name}:{number}", str(error)) from None


def _content(data: Mapping[str, Any], name: str) -> bytes | None:
    encoded = data.get(f"{name}_base64")
    if encoded is not None:
        if name in data:
            raise BadField(name, f"is given twice, as {name} and as {name}_base64")
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise BadField(f"{name}_base64", f"{encoded!r} is no base64") from None
    return _bytes(data.get(name))


def _bytes(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).encode()


def _headers(given: Any) -> Iterator[tuple[str, bytes | None]]:
    pairs = given.items() if isinstance(given, Mapping) else given
    try:
        for name, value in pairs:
            yield str(name), _bytes(value)
    except (TypeError, ValueError):
        raise BadField("headers", f"must be an object or pairs, not {given!r}") from None


class Seeding:
    """Puts records and offsets into one cluster."""

    def __init__(self, core: Core, commands: Commands) -> None:
        self._core = core
        self._commands = commands

    def produce(self, records: Iterable[SeedRecord]) -> list[Record]:
        """Append records, each as a producer with acks=all would.

        Raises:
            KafkaError: as Produce would answer.
        """
        return [
            self._commands.produce(
                record.topic, record.value, record.key, record.headers, record.partition, record.timestamp_ms
            )
            for record in records
        ]

    def commit(self, group_id: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit offsets as a client without a membership would.

        Args:
            offsets: by topic and partition.

        Raises:
            KafkaError: as OffsetCommit would answer: UNKNOWN_MEMBER_ID where the group has members, say.
        """
        topics: dict[str, list[OffsetToCommit]] = {}
        for (topic, partition), offset in offsets.items():
            topics.setdefault(topic, []).append(OffsetToCommit(partition, offset))
        request = CommitRequest(
            group_id,
            [CommitTopic(name, partitions) for name, partitions in topics.items()],
            _COMMIT_VERSION,
        )
        groups = self._core.groups
        result = groups.commit_offsets(groups.find_coordinator(group_id), request)
        self._core.waiting.flush()
        if isinstance(result, Pending):
            result = result.reply or []
        for errors in result:
            for _, code in errors.partitions:
                if code:
                    raise KafkaError(code)

    def load(self, path: Path) -> int:
        """Seed from a file of records, or from a directory of fixtures.

        Returns:
            How many records there were.

        Raises:
            OSError: something cannot be read.
            BadField: something in it is not right; the text says in which file, and on which line.
            KafkaError: a topic cannot be created, or a record not be appended.
        """
        if not path.is_dir():
            return self._load_records(path)
        self._load_topics(path / "topics.json")
        count = sum(self._load_records(file) for file in sorted(path.glob("*.jsonl")))
        self._load_offsets(path / "offsets.json")
        return count

    def _load_records(self, path: Path) -> int:
        with path.open(encoding="utf-8") as file:
            return len(self.produce(list(seed_records(file, path.name, path.stem))))

    def _load_topics(self, path: Path) -> None:
        for name, wanted in _read_object(path).items():
            spec: Any = {"partitions": wanted} if isinstance(wanted, int) else wanted
            if not isinstance(spec, Mapping):
                raise BadField(f"{path.name}: {name}", "must be a number of partitions, or an object")
            check_names(spec, _TOPIC_FIELDS, f"{path.name}: {name}")
            if name not in self._core.cluster.topics:
                self._commands.create_topic(
                    name,
                    spec.get("partitions", -1),
                    spec.get("replication_factor", -1),
                    spec.get("config", {}),
                )

    def _load_offsets(self, path: Path) -> None:
        for group_id, topics in _read_object(path).items():
            try:
                offsets = {
                    (topic, int(partition)): int(offset)
                    for topic, partitions in topics.items()
                    for partition, offset in partitions.items()
                }
            except (AttributeError, TypeError, ValueError):
                text = 'must be offsets by topic and partition: {"orders": {"0": 42}}'
                raise BadField(f"{path.name}: {group_id}", text) from None
            self.commit(group_id, offsets)


def _read_object(path: Path) -> Mapping[str, Any]:
    """An object of JSON; an empty one where there is no such file."""
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadField(path.name, str(error)) from None
    if not isinstance(data, Mapping):
        raise BadField(path.name, "must hold an object")
    return data
