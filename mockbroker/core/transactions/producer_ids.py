"""Producer ids: unique in the cluster, handed out by each broker from a block of its own.

Rules kept here (`ProducerIdControlManager`, `RPCProducerIdManager`; KIP-730):

- The controller gives out blocks of 1000, one after the other, never twice.
- A broker asks for its next block when nine tenths of the present one are used, so ids of several brokers interleave
  by blocks.
- A broker that starts again has lost what was left of its blocks.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BLOCK_SIZE", "ProducerIds"]

BLOCK_SIZE: Final = 1000
_PREFETCH_AT: Final = 900


class ProducerIds:
    """All producer ids of one cluster.

    Attributes:
        next_block: first id of the block that the controller gives out next.
    """

    __slots__ = ("_next_id", "_prefetched", "next_block")

    def __init__(self, next_block: int = 0) -> None:
        self.next_block = next_block
        #: broker -> its next id; missing when it has no block or its block is used up.
        self._next_id: dict[int, int] = {}
        self._prefetched: dict[int, int] = {}

    def generate(self, node_id: int) -> int:
        """A new producer id from a broker's block."""
        producer_id = self._next_id.get(node_id)
        if producer_id is None:
            prefetched = self._prefetched.pop(node_id, None)
            producer_id = self._allocate() if prefetched is None else prefetched
        position = producer_id % BLOCK_SIZE
        if position == _PREFETCH_AT:
            self._prefetched[node_id] = self._allocate()
        if position == BLOCK_SIZE - 1:
            del self._next_id[node_id]
        else:
            self._next_id[node_id] = producer_id + 1
        return producer_id

    def forget(self, node_id: int) -> None:
        """The broker starts again: its blocks are lost."""
        self._next_id.pop(node_id, None)
        self._prefetched.pop(node_id, None)

    def _allocate(self) -> int:
        first = self.next_block
        self.next_block += BLOCK_SIZE
        return first
