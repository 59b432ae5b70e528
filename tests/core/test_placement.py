from __future__ import annotations

import random
from collections import Counter

import pytest

from mockbroker.core.placement import Placer, UsableBroker
from protocol_specs.errors import ErrorCode, KafkaError


def brokers(count: int, racks: str = "", fenced: tuple[int, ...] = ()) -> list[UsableBroker]:
    return [UsableBroker(id, racks[id - 1] if racks else None, id in fenced) for id in range(1, count + 1)]


def test_leaders_and_replicas_are_spread_evenly() -> None:
    placed = Placer(random.Random(1)).place(12, 2, brokers(3))

    assert Counter(replicas[0] for replicas in placed) == {1: 4, 2: 4, 3: 4}
    assert Counter(broker for replicas in placed for broker in replicas) == {1: 8, 2: 8, 3: 8}
    assert all(len(set(replicas)) == 2 for replicas in placed)


@pytest.mark.parametrize("racks", ["", "aab"])
def test_leaders_of_many_small_topics_are_spread_evenly(racks: str) -> None:
    placer = Placer(random.Random(1))

    leaders = Counter(placer.place(1, 1, brokers(3, racks))[0][0] for _ in range(12))

    # With racks, each rack leads as often as the other.
    assert leaders == ({1: 4, 2: 4, 3: 4} if not racks else {1: 3, 2: 3, 3: 6})


def test_the_seed_decides() -> None:
    first, again, other = (Placer(random.Random(seed)).place(20, 3, brokers(9)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_each_partition_has_a_replica_in_each_rack() -> None:
    racks = "abcabc"
    placed = Placer(random.Random(3)).place(20, 3, brokers(6, racks))

    assert all({racks[broker - 1] for broker in replicas} == set("abc") for replicas in placed)
    assert set(Counter(replicas[0] for replicas in placed)) == set(range(1, 7))


def test_fenced_brokers_never_lead_and_come_last() -> None:
    placed = Placer(random.Random(1)).place(10, 2, brokers(3, fenced=(2,)))

    assert all(2 not in replicas for replicas in placed)
    whole = Placer(random.Random(1)).place(10, 3, brokers(3, fenced=(2,)))
    assert all(replicas[2] == 2 for replicas in whole)


def test_one_live_broker_takes_every_leader() -> None:
    assert Placer(random.Random(1)).place(4, 2, brokers(2, fenced=(1,))) == [(2, 1)] * 4


@pytest.mark.parametrize(
    ("factor", "fenced", "text"),
    [
        (0, (), "Invalid replication factor 0: the replication factor must be positive."),
        (1, (1, 2), "All brokers are currently fenced, or have all their log directories cordoned."),
        (
            3,
            (),
            "The target replication factor of 3 cannot be reached because only 2 broker(s) are registered or some "
            "brokers have all their log directories cordoned.",
        ),
    ],
)
def test_what_cannot_be_placed(factor: int, fenced: tuple[int, ...], text: str) -> None:
    with pytest.raises(KafkaError) as refused:
        Placer(random.Random(1)).place(1, factor, brokers(2, fenced=fenced))

    assert (refused.value.code, refused.value.message) == (ErrorCode.INVALID_REPLICATION_FACTOR, text)
