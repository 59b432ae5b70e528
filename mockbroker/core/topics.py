"""Topics: what they are called, what they consist of, how they are set.

Rules kept here (`Topic` of kafka-clients, `ReplicationControlManager`):

- A name has 1 to 249 of the characters a-z A-Z 0-9 . _ - and is neither "." nor "..". Two names must not be equal once
  their dots are underscores.
- A topic id is a random UUID that is never reserved and whose text does not begin with a dash. A topic that is created
  again under its old name has another one.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import LogConfig
    from mockbroker.core.replicas import Partition

__all__ = [
    "CONSUMER_OFFSETS",
    "INTERNAL_TOPICS",
    "SHARE_GROUP_STATE",
    "TRANSACTION_STATE",
    "Topic",
    "check_topic_name",
    "new_uuid",
    "unified_name",
]

CONSUMER_OFFSETS = "__consumer_offsets"
TRANSACTION_STATE = "__transaction_state"
SHARE_GROUP_STATE = "__share_group_state"
INTERNAL_TOPICS = frozenset({CONSUMER_OFFSETS, TRANSACTION_STATE, SHARE_GROUP_STATE})

_MAX_NAME_LENGTH = 249
_LEGAL_NAME = re.compile(r"[a-zA-Z0-9._-]+\Z")
_RESERVED_UUIDS = (bytes(16), bytes(15) + b"\x01")


class Topic:
    """A topic and its partitions.

    Attributes:
        id: 16 bytes.
        partitions: by index.
        overrides: its own configs, as text by Kafka's names.
        config: what holds for its logs, where the broker sets nothing of its own.
        version: rises with every change that Metadata can show.
        encoded: its entry in Metadata by the API's version, with what it was made of.
    """

    __slots__ = ("config", "encoded", "id", "is_internal", "name", "overrides", "partitions", "version")

    def __init__(self, name: str, id: bytes, config: LogConfig, overrides: dict[str, str]) -> None:
        self.name = name
        self.id = id
        self.config = config
        self.overrides = overrides
        self.partitions: list[Partition] = []
        self.is_internal = name in INTERNAL_TOPICS
        self.version = 0
        self.encoded: dict[int, tuple[tuple[int, int], bytes]] = {}

    def __repr__(self) -> str:
        return f"<Topic {self.name}, {len(self.partitions)} partitions>"

    @property
    def replication_factor(self) -> int:
        """Of the first partition, as Kafka takes it for the whole topic."""
        return len(self.partitions[0].replicas)

    @property
    def min_isr(self) -> int:
        """The effective min.insync.replicas for the controller."""
        return min(self.config.min_insync_replicas, self.replication_factor)


def check_topic_name(name: str) -> None:
    """Refuse a name that no topic may have.

    Raises:
        KafkaError: INVALID_TOPIC_EXCEPTION with Kafka's reason.
    """
    if name in ("", ".", ".."):
        reason = f"'{name}' is not allowed" if name else "the empty string is not allowed"
    elif len(name) > _MAX_NAME_LENGTH:
        reason = f"the length of '{name}' is longer than the max allowed length {_MAX_NAME_LENGTH}"
    elif _LEGAL_NAME.match(name) is None:
        reason = f"'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
    else:
        return
    raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"Topic name is invalid: {reason}")


def unified_name(name: str) -> str | None:
    """The name by which it could collide with another one; None when it has no dot and no underscore."""
    return name.replace(".", "_") if "." in name or "_" in name else None


def new_uuid(rng: random.Random) -> bytes:
    """A random UUID of version 4, as `Uuid.randomUuid` makes them."""
    while True:
        raw = bytearray(rng.getrandbits(128).to_bytes(16, "big"))
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        # The first six bits are the first base64 character: 62 is the dash.
        if raw[0] >> 2 != 62 and bytes(raw) not in _RESERVED_UUIDS:
            return bytes(raw)
