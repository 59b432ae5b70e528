"""Which share partition: a group, a topic and a partition (`SharePartitionKey`)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text

__all__ = ["SharePartitionKey", "parse_key"]

_LONGEST_UUID = 24
_INT32 = range(-(1 << 31), 1 << 31)


class SharePartitionKey(NamedTuple):
    """A share partition: one group's view of one partition."""

    group_id: str
    topic_id: bytes
    partition: int

    @property
    def coordinator_key(self) -> str:
        """What FindCoordinator is asked with; its hash chooses the coordinator."""
        return f"{self.group_id}:{uuid_text(self.topic_id)}:{self.partition}"


def parse_key(text: str) -> SharePartitionKey:
    """Read a coordinator key from its right end: the group's name may hold colons.

    Raises:
        KafkaError: INVALID_REQUEST.
    """
    tokens = text.split(":")
    while tokens and not tokens[-1]:
        tokens.pop()
    if len(tokens) < 3:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    *group, topic, partition = tokens
    group_id = ":".join(group)
    if not group_id.strip() or re.fullmatch(r"[+-]?[0-9]+", partition) is None:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    index = int(partition)
    if index not in _INT32:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    return SharePartitionKey(group_id, _parse_uuid(topic), index)


def _parse_uuid(text: str) -> bytes:
    if len(text) <= _LONGEST_UUID and re.fullmatch(r"[A-Za-z0-9_-]*={0,2}", text):
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            raw = b""
        if len(raw) == 16:
            return raw
    raise KafkaError(ErrorCode.INVALID_REQUEST)
