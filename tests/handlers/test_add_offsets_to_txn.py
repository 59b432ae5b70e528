"""AddOffsetsToTxn."""

from __future__ import annotations

import pytest

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.errors import ErrorCode
from tests.handlers.transactional import TX, Desk


def _add(desk: Desk, version: int, producer: tuple[int, int], group: str = "g") -> int:
    reply = desk.ask(
        "AddOffsetsToTxn",
        version,
        transactional_id=TX,
        producer_id=producer[0],
        producer_epoch=producer[1],
        group_id=group,
    )
    code: int = reply.error_code
    return code


@pytest.mark.parametrize("version", range(5))
def test_the_groups_partition_joins_the_transaction(version: int) -> None:
    desk = Desk()
    producer = desk.init()
    assert _add(desk, version, producer) == 0
    index = desk.core.groups.shards.partition_for("g")
    metadata = desk.core.transactions.queries.describe(desk.node, TX)
    assert metadata.partitions == (("__consumer_offsets", index),)
    assert metadata.client_version == 0
    assert _add(desk, version, (99, 0)) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    old = ErrorCode.INVALID_PRODUCER_EPOCH if version < 2 else ErrorCode.PRODUCER_FENCED
    assert _add(desk, version, (producer[0], 7)) == old


def test_who_may() -> None:
    desk = Desk()
    producer = desk.init()
    desk.deny((Op.WRITE, Kind.TRANSACTIONAL_ID), (Op.READ, Kind.GROUP))
    assert _add(desk, 4, producer) == ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    desk.deny((Op.READ, Kind.GROUP))
    assert _add(desk, 4, producer) == ErrorCode.GROUP_AUTHORIZATION_FAILED
