"""Puts the parts of one simulated cluster together. No rules live here.

Each part gets what it needs when it is made, and knows nothing of `Core`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mockbroker.core.cluster import Cluster
from mockbroker.core.configs import Configs
from mockbroker.core.feature_changes import ELR_VERSION, follow_elr
from mockbroker.core.features import Features
from mockbroker.core.fetch_sessions import FetchSessions
from mockbroker.core.groups.coordinator import GroupCoordinator
from mockbroker.core.groups.group_configs import GroupConfigs
from mockbroker.core.quotas import ClientQuotas
from mockbroker.core.security.scram import ScramCredentials
from mockbroker.core.share.partitions import SharePartitions
from mockbroker.core.share.persister import Persister
from mockbroker.core.share.share_settings import ShareSettings
from mockbroker.core.share.states import ShareStates
from mockbroker.core.telemetry import Telemetry
from mockbroker.core.throttling import Throttling
from mockbroker.core.time import Clock
from mockbroker.core.transactions.coordinator import TransactionCoordinator
from mockbroker.core.transactions.producer_ids import ProducerIds
from mockbroker.core.transactions.verification import Verifier
from mockbroker.core.waiting import Waiting
from mockbroker.profiles import KAFKA_4_3, Profile

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.nodes import Node

__all__ = ["Core"]


def _own_address(node: Node, caller: Any) -> tuple[str, int]:
    return node.host, node.port


class Core:
    """The whole simulated cluster.

    Args:
        settings: the brokers' configs.
        now: seconds since the epoch at which its clock starts.
        brokers: how many there are at first.
        racks: their racks in order; an empty name is none.
        seed: of all that is random; the same seed and the same requests give the same ids.
        profile: the release to be.
        memory_limit: how many bytes the logs may take; None: as many as there are.

    Attributes:
        addresses: tells a client (a `Caller`) host and port of a broker.
        authorizer: has `allows(caller, operation, resource_type, name)`; None: everything is allowed.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: float = 0.0,
        brokers: int = 1,
        racks: Sequence[str] = (),
        seed: int | None = None,
        profile: Profile = KAFKA_4_3,
        memory_limit: int | None = None,
    ) -> None:
        self.settings = settings
        self.profile = profile
        self.random = random.Random(seed)
        self.clock = Clock(now)
        self.waiting = Waiting(self.clock)
        self.features = Features(
            profile.supported_features,
            profile.finalized_features,
            known=profile.known_features,
            kraft_level=profile.kraft_level,
        )
        #: The answer to ApiVersions by version and features epoch: clients ask it first on every connection.
        self.encoded_api_versions: dict[tuple[int, int], bytes] = {}
        self.cluster = Cluster(
            self.clock,
            self.waiting,
            settings,
            self.random,
            brokers=brokers,
            racks=racks,
            elr_enabled=self.features.level(ELR_VERSION) > 0,
            memory_limit=memory_limit,
        )
        self.features.listeners.append(lambda: follow_elr(self.features, self.cluster, settings))
        self.configs = Configs(settings, self.cluster)
        self.quotas = ClientQuotas()
        self.throttling = Throttling(self.clock, settings, self.quotas)
        self.scram = ScramCredentials()
        self.telemetry = Telemetry(self.clock, self.random, settings, self.configs)
        self.fetch_sessions = FetchSessions(self.clock, self.random, settings)
        self.cluster.down_listeners.append(lambda node: self.fetch_sessions.drop(node.id))
        self.share_states = ShareStates(self.cluster)
        persister = Persister(self.cluster, self.share_states)
        share_settings = ShareSettings(GroupConfigs(settings, self.configs.groups))
        self.share_partitions = SharePartitions(self.cluster, share_settings, persister)
        self.groups = GroupCoordinator(
            self.clock, self.waiting, self.random, settings, self.cluster, self.configs.groups, persister
        )
        self.producer_ids = ProducerIds(self.cluster.nodes)
        self.transactions = TransactionCoordinator(
            self.clock,
            self.waiting,
            settings,
            self.cluster,
            self.features,
            self.producer_ids,
            self.groups.end_transaction,
        )
        self.verifier = Verifier(self.clock, self.waiting, settings, self.cluster, self.transactions)
        self.addresses: Callable[[Node, Any], tuple[str, int]] = _own_address
        self.authorizer: Any = None
