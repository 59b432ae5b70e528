"""A partition as the controller has it registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockbroker.core.elections import PartitionState
    from mockbroker.core.replication import Surroundings
    from mockbroker.core.topics import Topic

__all__ = ["Registration"]


class Registration:
    """What the controller knows of a partition.

    Attributes:
        state: its registration.
        around: what all partitions of the cluster share.
    """

    __slots__ = ("around", "index", "state", "topic")

    def __init__(self, topic: Topic, index: int, state: PartitionState, around: Surroundings) -> None:
        self.topic = topic
        self.index = index
        self.state = state
        self.around = around

    @property
    def leader(self) -> int:
        """Id of the broker that leads, -1 for none."""
        return self.state.leader

    @property
    def leader_epoch(self) -> int:
        return self.state.leader_epoch

    @property
    def partition_epoch(self) -> int:
        return self.state.partition_epoch

    @property
    def replicas(self) -> tuple[int, ...]:
        return self.state.replicas

    @property
    def isr(self) -> tuple[int, ...]:
        return self.state.isr

    @property
    def elr(self) -> tuple[int, ...]:
        return self.state.elr

    @property
    def last_known_elr(self) -> tuple[int, ...]:
        return self.state.last_known_elr

    @property
    def adding(self) -> tuple[int, ...]:
        return self.state.adding

    @property
    def removing(self) -> tuple[int, ...]:
        return self.state.removing
