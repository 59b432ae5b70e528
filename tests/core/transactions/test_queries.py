"""List and describe."""

from __future__ import annotations

import pytest

from mockbroker.core.transactions.queries import Filters
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.transactions.bench import TX, Bench


@pytest.fixture
def bench() -> Bench:
    """Ids `empty`, `open` (for 10 s), `done`, in this order; producer ids 0, 1, 2."""
    bench = Bench(transaction_state_log_num_partitions=1)
    bench.init("empty")
    bench.add(bench.producer("open"))
    done = bench.producer("done")
    bench.produce(done)
    bench.end(done)
    bench.clock.advance(10)
    return bench


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters(), ["empty", "open", "done"]),
        (Filters(states=["Ongoing"]), ["open"]),
        (Filters(states=["Ongoing", "CompleteCommit"]), ["open", "done"]),
        (Filters(states=["ongoing"]), []),
        (Filters(states=["Dead"]), []),
        (Filters(states=["What", "Empty"]), ["empty"]),
        (Filters(producer_ids=[2, 0]), ["empty", "done"]),
        (Filters(producer_ids=[2, 0], states=["Empty"]), ["empty"]),
        (Filters(longer_than_ms=9_999), ["empty", "open", "done"]),
        # One that never began has begun at -1.
        (Filters(longer_than_ms=10_000), ["empty"]),
        (Filters(longer_than_ms=0), ["empty", "open", "done"]),
        (Filters(matches=lambda name: "o" in name), ["open", "done"]),
    ],
)
def test_list(bench: Bench, filters: Filters, names: list[str]) -> None:
    found = bench.transactions.queries.list(1, filters)
    assert sorted(metadata.transactional_id for metadata in found) == sorted(names)


def test_names_that_no_state_has() -> None:
    assert Filters(states=["What", "Empty", "", "What", "Dead"]).unknown_states == ["What", ""]


def test_a_broker_lists_what_it_coordinates() -> None:
    bench = Bench(brokers=3)
    names = [f"tx-{number}" for number in range(12)]
    for name in names:
        bench.init(name)
    listed = [
        (metadata.transactional_id, node_id)
        for node_id in bench.cluster.nodes
        for metadata in bench.transactions.queries.list(node_id, Filters())
    ]
    assert dict(listed) == {name: bench.transactions.find_coordinator(name) for name in names}
    assert len(listed) == len(names)


@pytest.mark.parametrize(
    ("node_id", "name", "code"),
    [
        (1, "", ErrorCode.INVALID_REQUEST),
        (1, "?", ErrorCode.TRANSACTIONAL_ID_NOT_FOUND),
        (7, TX, ErrorCode.NOT_COORDINATOR),
    ],
)
def test_what_describe_refuses(node_id: int, name: str, code: ErrorCode) -> None:
    with pytest.raises(KafkaError) as caught:
        Bench().transactions.queries.describe(node_id, name)
    assert caught.value.code is code
