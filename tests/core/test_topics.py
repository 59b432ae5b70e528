from __future__ import annotations

import random

import pytest

from mockbroker.core.topics import check_topic_name, new_uuid, unified_name
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text


@pytest.mark.parametrize("name", ["orders", "a", "Orders.v2_new-1", "...x", "_", "a" * 249])
def test_good_names(name: str) -> None:
    check_topic_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "the empty string is not allowed"),
        (".", "'.' is not allowed"),
        ("..", "'..' is not allowed"),
        ("b" * 250, f"the length of '{'b' * 250}' is longer than the max allowed length 249"),
        ("a b", "'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
        ("a\n", "'a\n' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
        ("naïve", "'naïve' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
    ],
)
def test_bad_names(name: str, reason: str) -> None:
    with pytest.raises(KafkaError) as refused:
        check_topic_name(name)

    assert refused.value.code is ErrorCode.INVALID_TOPIC_EXCEPTION
    assert refused.value.message == f"Topic name is invalid: {reason}"


def test_names_collide_by_dots_and_underscores() -> None:
    assert unified_name("a.b_c") == unified_name("a_b.c") == "a_b_c"
    assert unified_name("a-b") is None


def test_uuids_are_random_ones_of_version_4_that_no_tool_takes_for_an_option() -> None:
    rng = random.Random(1)
    uuids = [new_uuid(rng) for _ in range(2000)]

    assert len(set(uuids)) == 2000
    assert all(uuid[6] >> 4 == 4 and uuid[8] >> 6 == 2 for uuid in uuids)
    assert not any(uuid_text(uuid).startswith("-") for uuid in uuids)
    assert len(uuid_text(uuids[0])) == 22
