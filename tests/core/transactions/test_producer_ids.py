"""Producer ids come in blocks, one broker's after the other's."""

from __future__ import annotations

from mockbroker.core.nodes import Node
from mockbroker.core.transactions.producer_ids import ProducerIds


def _nodes(count: int) -> dict[int, Node]:
    return {id: Node(id) for id in range(1, count + 1)}


def test_a_fresh_broker_counts_from_0() -> None:
    ids = ProducerIds(_nodes(1))
    assert [ids.generate(1) for _ in range(2500)] == list(range(2500))


def test_each_broker_has_a_block_of_its_own() -> None:
    ids = ProducerIds(_nodes(3))
    assert [ids.generate(2), ids.generate(1), ids.generate(3), ids.generate(2)] == [0, 1000, 2000, 1]


def test_the_next_block_is_taken_when_nine_tenths_are_used() -> None:
    ids = ProducerIds(_nodes(2))
    for _ in range(900):
        ids.generate(1)
    assert ids.next_block == 1000
    assert ids.generate(1) == 900
    assert ids.next_block == 2000
    assert ids.generate(2) == 2000
    assert [ids.generate(1) for _ in range(101)][-2:] == [1000, 1001]


def test_a_broker_that_starts_again_takes_a_new_block() -> None:
    nodes = _nodes(1)
    ids = ProducerIds(nodes)
    ids.generate(1)
    nodes[1].epoch += 1
    assert ids.generate(1) == 1000
