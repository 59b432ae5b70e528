"""The controllers' quorum, as DescribeQuorum shows it.

Rules kept here (`KafkaRaftClient`, `LeaderState`; KIP-595, KIP-853):

- The controllers are processes of their own, which keep their majority whatever brokers do. Only a cluster that begins
  with one broker is a combined one: that broker's id is the one voter's.
- The metadata log grows with every change of the cluster, and by a record each metadata.max.idle.interval.ms.
- Brokers are observers. One that is out of touch falls behind, and is forgotten after five minutes.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.core.topics import new_uuid

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster

__all__ = ["ControllerQuorum", "QuorumReplica", "Voter"]

_FIRST_CONTROLLER_ID = 3000
_CONTROLLERS = 3
_FIRST_PORT = 9093
_OBSERVER_SESSION = 300.0


class Voter(NamedTuple):
    """One controller: its id, its directory's id, and where it is said to listen."""

    id: int
    directory_id: bytes
    host: str
    port: int


class QuorumReplica(NamedTuple):
    """How far one replica of the metadata log is."""

    id: int
    directory_id: bytes
    log_end_offset: int
    last_fetch_ms: int
    last_caught_up_ms: int


class ControllerQuorum:
    """The quorum of one cluster.

    Attributes:
        voters: by id.
        standby: controllers that were voters, and follow on as observers.
        leader_id: the active controller; not the id that Metadata shows, which is a broker's.
    """

    def __init__(self, cluster: Cluster, rng: random.Random) -> None:
        self._cluster = cluster
        self._rng = rng
        self._started = cluster.clock.now
        self._directory_ids: dict[int, bytes] = {}
        ids = list(cluster.nodes)
        if len(ids) != 1:
            ids = list(range(_FIRST_CONTROLLER_ID, _FIRST_CONTROLLER_ID + _CONTROLLERS))
        self.voters = {
            id: Voter(id, self._directory_id(id), "localhost", port)
            for port, id in enumerate(ids, _FIRST_PORT)
        }
        self.standby: dict[int, Voter] = {}
        self.leader_id = ids[0]
        self.leader_epoch = 1

    @property
    def end_offset(self) -> int:
        """End of the metadata log, which is its high watermark too."""
        idle_ms = self._cluster.settings["metadata.max.idle.interval.ms"]
        passed_ms = (self._cluster.clock.now - self._started) * 1000
        return self._cluster.version + (int(passed_ms // idle_ms) if idle_ms > 0 else 0)

    def fail_over(self) -> int:
        """Let the next controller be the active one; its id. A quorum of one elects itself again."""
        ids = list(self.voters)
        self.leader_id = ids[(ids.index(self.leader_id) + 1) % len(ids)]
        self.leader_epoch += 1
        return self.leader_id

    def remove(self, voter_id: int) -> None:
        """Let a voter be an observer; if it leads, another one does from now on."""
        if voter_id == self.leader_id:
            self.fail_over()
        self.standby[voter_id] = self.voters.pop(voter_id)

    def add(self, voter_id: int) -> None:
        """Let a controller that was a voter be one again."""
        self.voters[voter_id] = self.standby.pop(voter_id)

    def voter_states(self) -> list[QuorumReplica]:
        """The controllers, all of them caught up."""
        now_ms, end = self._cluster.clock.now_ms, self.end_offset
        return [
            QuorumReplica(voter.id, voter.directory_id, end, now_ms, now_ms) for voter in self.voters.values()
        ]

    def observer_states(self) -> list[QuorumReplica]:
        """Controllers that do not vote, and the brokers that are in touch, or were until not long ago."""
        clock, end = self._cluster.clock, self.end_offset
        observers = [
            QuorumReplica(one.id, one.directory_id, end, clock.now_ms, clock.now_ms)
            for one in self.standby.values()
        ]
        for node in self._cluster.nodes.values():
            if node.id in self.voters:
                continue
            seen_at, offset = (clock.now, end) if node.lost is None else node.lost
            if clock.now - seen_at < _OBSERVER_SESSION:
                seen_ms = int(seen_at * 1000)
                observers.append(
                    QuorumReplica(node.id, self._directory_id(node.id), offset, seen_ms, seen_ms)
                )
        return observers

    def _directory_id(self, node_id: int) -> bytes:
        directory_id = self._directory_ids.get(node_id)
        if directory_id is None:
            directory_id = self._directory_ids[node_id] = new_uuid(self._rng)
        return directory_id
