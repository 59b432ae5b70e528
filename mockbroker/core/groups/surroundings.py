"""What the shards of one cluster share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.groups.modern_topics import TopicHashes

if TYPE_CHECKING:
    import random

    from mockbroker.core.cluster import Cluster
    from mockbroker.core.groups.group_configs import GroupConfigs
    from mockbroker.core.groups.limits import Limits
    from mockbroker.core.share.persister import Persister
    from mockbroker.core.time import Clock
    from mockbroker.core.waiting import Waiting

__all__ = ["Surroundings"]


class Surroundings:
    """What the shards of one cluster share."""

    __slots__ = ("clock", "cluster", "configs", "limits", "persister", "random", "topic_hashes", "waiting")

    def __init__(
        self,
        clock: Clock,
        waiting: Waiting,
        rng: random.Random,
        limits: Limits,
        cluster: Cluster,
        configs: GroupConfigs,
        persister: Persister,
    ) -> None:
        self.clock = clock
        self.configs = configs
        self.topic_hashes = TopicHashes(cluster)
        self.waiting = waiting
        self.random = rng
        self.limits = limits
        self.cluster = cluster
        self.persister = persister
