from __future__ import annotations

from typing import NamedTuple

from mockbroker.core.groups.offset_table import CommittedOffset, OffsetTable
from mockbroker.core.groups.records import offset_commit


class Key(NamedTuple):
    group: str
    topic: str
    partition: int


def commit(table: OffsetTable, key: Key, record_offset: int, producer_id: int = -1) -> None:
    value = offset_commit(*key, CommittedOffset(record_offset * 10, 3, "note", 1234)).value
    table.replay_commit(key, value, record_offset, producer_id)


A0, A1, B0 = Key("g", "a", 0), Key("g", "a", 1), Key("h", "b", 0)


def test_a_commit_is_what_its_record_says() -> None:
    table = OffsetTable()
    commit(table, A0, 7)

    assert table.get(*A0) == CommittedOffset(70, 3, "note", 1234, record_offset=7)
    assert table.get(*A1) is None
    assert table.get(*B0) is None


def test_no_level_is_left_empty() -> None:
    table = OffsetTable()
    for number, key in enumerate((A0, A1, B0)):
        commit(table, key, number)
        commit(table, key, 10 + number, producer_id=5)
    table.replay_commit(A0, None, 20, -1)
    assert set(table.by_group) == {"g", "h"}

    table.replay_commit(A1, None, 21, -1)
    assert table.by_group.keys() == {"h"}
    assert not table.has_pending("g")
    assert table.pending_partitions("g") == []

    table.replay_commit(B0, None, 22, -1)
    assert table.by_group == {}
    assert not table.has_pending("h")


def test_ends_of_what_there_is_not_change_nothing() -> None:
    table = OffsetTable()
    commit(table, A0, 1)

    table.replay_commit(A1, None, 2, -1)
    table.replay_commit(B0, None, 3, -1)
    table.replay_marker(5, is_commit=True)

    assert table.get(*A0) is not None


def test_two_producers_may_have_the_same_offset_pending() -> None:
    table = OffsetTable()
    commit(table, A0, 1, producer_id=5)
    commit(table, A0, 2, producer_id=6)
    table.replay_marker(6, is_commit=False)
    assert table.is_pending(*A0)

    table.replay_marker(5, is_commit=True)

    assert not table.is_pending(*A0)
    assert table.get(*A0) == CommittedOffset(10, 3, "note", 1234, record_offset=1)


def test_what_there_is_for_a_topic() -> None:
    table = OffsetTable()
    commit(table, A0, 1)
    commit(table, A1, 2, producer_id=5)
    commit(table, B0, 3, producer_id=5)
    commit(table, B0, 4)

    assert [
        (group, partition, offset.record_offset) for group, partition, offset in table.topics_in("a")
    ] == [
        ("g", 0, 1),
        ("g", 1, 2),
    ]
    assert [group for group, *_ in table.topics_in("b")] == ["h", "h"]
