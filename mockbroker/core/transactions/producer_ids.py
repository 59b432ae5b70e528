"""Producer ids: unique in the cluster, handed out by each broker from a block of its own.

Rules kept here (`ProducerIdControlManager`, `RPCProducerIdManager`; KIP-730):

- The controller gives out blocks of 1000, one after the other, never twice.
- A broker asks for its next block when nine tenths of the present one are used, so ids of several brokers interleave
  by blocks.
- A broker that starts again has lost what was left of its blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mockbroker.core.nodes import Node

__all__ = ["BLOCK_SIZE", "ProducerIds"]

BLOCK_SIZE: Final = 1000
_PREFETCH_AT: Final = 900


class _Blocks:
    """What one broker has in one of its lives."""

    __slots__ = ("broker_epoch", "left", "prefetched")

    def __init__(self, broker_epoch: int) -> None:
        self.broker_epoch = broker_epoch
        self.left = range(0)
        self.prefetched = range(0)


class ProducerIds:
    """All producer ids of one cluster.

    Args:
        nodes: the brokers by id.

    Attributes:
        next_block: first id of the block that the controller gives out next.
    """

    __slots__ = ("_blocks", "_nodes", "next_block")

    def __init__(self, nodes: Mapping[int, Node], next_block: int = 0) -> None:
        self._nodes = nodes
        self._blocks: dict[int, _Blocks] = {}
        self.next_block = next_block

    def generate(self, node_id: int) -> int:
        """A new producer id from a broker's block."""
        epoch = self._nodes[node_id].epoch
        blocks = self._blocks.get(node_id)
        if blocks is None or blocks.broker_epoch != epoch:
            blocks = self._blocks[node_id] = _Blocks(epoch)
        if not blocks.left:
            blocks.left = blocks.prefetched or self._allocate()
            blocks.prefetched = range(0)
        producer_id = blocks.left[0]
        blocks.left = blocks.left[1:]
        if producer_id % BLOCK_SIZE == _PREFETCH_AT:
            blocks.prefetched = self._allocate()
        return producer_id

    def _allocate(self) -> range:
        first = self.next_block
        self.next_block += BLOCK_SIZE
        return range(first, self.next_block)
