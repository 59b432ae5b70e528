"""Coordinator keys: what FindCoordinator is asked with."""

from __future__ import annotations

import pytest

from mockbroker.core.share.keys import SharePartitionKey, parse_key
from protocol_specs.errors import ErrorCode, KafkaError

TOPIC_ID = bytes(range(16))
TOPIC_TEXT = "AAECAwQFBgcICQoLDA0ODw"


def test_a_key_is_written_and_read() -> None:
    key = SharePartitionKey("billing", TOPIC_ID, 3)

    assert key.coordinator_key == f"billing:{TOPIC_TEXT}:3"
    assert parse_key(key.coordinator_key) == key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a:b::c:{TOPIC_TEXT}:0", SharePartitionKey("a:b::c", TOPIC_ID, 0)),
        (f":a:{TOPIC_TEXT}:0", SharePartitionKey(":a", TOPIC_ID, 0)),
        (f"a:{TOPIC_TEXT}:0:::", SharePartitionKey("a", TOPIC_ID, 0)),
        (f"a:{TOPIC_TEXT}==:+7", SharePartitionKey("a", TOPIC_ID, 7)),
        (f"a:{TOPIC_TEXT}:-1", SharePartitionKey("a", TOPIC_ID, -1)),
        ("a:AAAAAAAAAAAAAAAAAAAAAA:0", SharePartitionKey("a", bytes(16), 0)),
    ],
)
def test_a_key_is_read_from_its_right_end(text: str, expected: SharePartitionKey) -> None:
    assert parse_key(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "billing",
        f"{TOPIC_TEXT}:0",
        f":{TOPIC_TEXT}:0",
        f"  :{TOPIC_TEXT}:0",
        f"a:{TOPIC_TEXT}:x",
        f"a:{TOPIC_TEXT}: 1",
        f"a:{TOPIC_TEXT}:2147483648",
        f"a:{TOPIC_TEXT}a:0",
        f"a:{TOPIC_TEXT}===:0",
        "a:AAECAwQFBgcICQoLDA0O+w:0",
        "a:AAECAw:0",
        "a:AAECA:0",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(KafkaError) as refused:
        parse_key(text)
    assert refused.value.code is ErrorCode.INVALID_REQUEST
