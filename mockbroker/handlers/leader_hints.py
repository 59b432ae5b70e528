"""Who leads instead: the hints that Produce and Fetch give with a wrong-leader error (KIP-951)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.handlers.call import Call
from protocol_specs.schema import Schema

if TYPE_CHECKING:
    from mockbroker.core.replicas import Partition

__all__ = ["LeaderHints"]


class LeaderHints:
    """Gathers the hints of one response.

    Args:
        call: of the request.
        leader: the response's struct of a leader and its epoch.
        endpoint: the response's struct of a broker's address.
    """

    __slots__ = ("_call", "_endpoint", "_leader", "_nodes")

    def __init__(self, call: Call, leader: Schema, endpoint: Schema) -> None:
        self._call = call
        self._leader = leader
        self._endpoint = endpoint
        self._nodes: list[int] = []

    def of(self, partition: Partition) -> Any:
        """The present leader as far as the asked broker knows; its address goes into `endpoints`."""
        state = partition.known_to(self._call.node)
        if state.leader in self._call.core.cluster.nodes and state.leader not in self._nodes:
            self._nodes.append(state.leader)
        return self._leader(leader_id=state.leader, leader_epoch=state.leader_epoch)

    @property
    def endpoints(self) -> list[Any]:
        """The addresses of the leaders that were named."""
        if not self._nodes:
            return []
        nodes = self._call.core.cluster.nodes
        endpoints = []
        for node_id in sorted(self._nodes):
            host, port = self._call.address_of(nodes[node_id])
            endpoints.append(self._endpoint(node_id=node_id, host=host, port=port, rack=nodes[node_id].rack))
        return endpoints
