"""Which versions of which APIs a release of Kafka offers.

A handler and a spec make an API possible; the profile says what of it is shown and served. So the list that ApiVersions
gives follows from three things, and stands nowhere: `handlers.HANDLERS`, `protocol_specs.APIS`, and a profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy

from mockbroker.config.catalog import NEWEST, Catalog
from protocol_specs import APIS

__all__ = ["FIRST_SINCE_4_0", "KAFKA_4_3", "TELEMETRY", "Profile"]

_PRODUCE = 0
_ELR_VERSION = "eligible.leader.replicas.version"


class Profile:
    """A release, as clients see it.

    Args:
        name: the release, "4.3".
        ranges: what is served, by API name: first and last version.
        advertised_from: where ApiVersions names an earlier first version than is served.
        hidden: what is served, but not named by ApiVersions.
        supported_features, finalized_features: as in `core.features`; None: those of the newest release.
        known_features: further features that may be named, at level 0 only; None: whatever there is not may be.
        kraft_level: as in `core.features`.
        catalog: the configs that the release has.
        leader_comes_later: whether Metadata says LEADER_NOT_AVAILABLE of a topic that it has just created.
    """

    def __init__(
        self,
        name: str,
        ranges: Mapping[int, tuple[int, int]],
        advertised_from: Mapping[int, int],
        hidden: frozenset[int] = frozenset(),
        *,
        supported_features: Mapping[str, tuple[int, int]] | None = None,
        finalized_features: Mapping[str, int] | None = None,
        known_features: frozenset[str] | None = frozenset(),
        kraft_level: int | None = None,
        catalog: Catalog = NEWEST,
        leader_comes_later: bool = False,
    ) -> None:
        self.name = name
        self.supported_features = supported_features
        self.finalized_features = finalized_features
        self.known_features = known_features
        self.kraft_level = kraft_level
        self.catalog = catalog
        self.leader_comes_later = leader_comes_later
        self._ranges = ranges
        self._advertised_from = advertised_from
        self._hidden = hidden

    def is_before(self, release: str) -> bool:
        """Whether this is an older release than the one named."""
        return self.catalog.is_before(release)

    @property
    def has_elr(self) -> bool:
        """Whether a new cluster has eligible leader replicas switched on (KIP-966)."""
        return self.finalized_features is None or self.finalized_features.get(_ELR_VERSION, 0) > 0

    def with_telemetry(self) -> Profile:
        """The same release with a telemetry receiver (KIP-714)."""
        profile = copy(self)
        profile._hidden = self._hidden - TELEMETRY
        return profile

    def served(self, key: int) -> range:
        """The versions that are answered; empty for an API that the release does not offer."""
        if key not in self._ranges:
            return range(0)
        first, last = self._ranges[key]
        return range(first, last + 1)

    def advertised(self, key: int) -> tuple[int, int] | None:
        """The first and last version in the answer to ApiVersions; None for an API that it does not name."""
        if key not in self._ranges or key in self._hidden:
            return None
        first, last = self._ranges[key]
        return self._advertised_from.get(key, first), last


#: The first version that 4.x still serves, where it is not 0 (KIP-896).
FIRST_SINCE_4_0 = {
    "Produce": 3,
    "Fetch": 4,
    "ListOffsets": 1,
    "OffsetCommit": 2,
    "OffsetFetch": 1,
    "CreateTopics": 2,
    "DeleteTopics": 1,
    "OffsetForLeaderEpoch": 2,
    "WriteTxnMarkers": 1,
    "DescribeAcls": 1,
    "CreateAcls": 1,
    "DeleteAcls": 1,
    "DescribeConfigs": 1,
    "AlterReplicaLogDirs": 1,
    "DescribeLogDirs": 1,
    "CreateDelegationToken": 1,
    "RenewDelegationToken": 1,
    "ExpireDelegationToken": 1,
    "DescribeDelegationToken": 1,
}

#: Telemetry (KIP-714) is advertised only where a receiver is configured.
TELEMETRY = frozenset({71, 72})


class _AllThatIsSpecified(Mapping[int, tuple[int, int]]):
    """What is served of each API that has a spec. A spec is imported when its API is asked for."""

    def __getitem__(self, key: int) -> tuple[int, int]:
        api = APIS[key]
        return FIRST_SINCE_4_0.get(api.name, api.versions[0]), api.versions[-1]

    def __contains__(self, key: object) -> bool:
        return key in APIS

    def __iter__(self) -> Iterator[int]:
        return iter(APIS)

    def __len__(self) -> int:
        return len(APIS)


KAFKA_4_3 = Profile(
    "4.3",
    _AllThatIsSpecified(),
    # Old versions of librdkafka look for Produce v0 before they use anything newer (KIP-896).
    {_PRODUCE: 0},
    TELEMETRY,
)
