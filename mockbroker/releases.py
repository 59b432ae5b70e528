"""Older releases of Kafka: which versions they serve, what features they have, what they do otherwise.

The newest release is not here: it serves what the specs have (`profiles.KAFKA_4_3`).
"""

from __future__ import annotations

from collections.abc import Mapping

from mockbroker.config.catalog import catalog_of
from mockbroker.profiles import FIRST_SINCE_4_0, KAFKA_4_3, TELEMETRY, Profile
from protocol_specs import APIS

__all__ = ["RELEASES", "profile_of"]

#: The last version of each API; "-" where the release lacks it. Every release before 4.0 serves all versions from 0.
#: Source: the message specs in kafka-clients of each release, and `ApiKeys` before there were any. The brokers up to
#: 2.8 are those with ZooKeeper, the later ones those with KRaft. LeaderAndIsr, StopReplica, UpdateMetadata and
#: ControlledShutdown, which brokers and their ZooKeeper controller spoke, are left out.
_LAST_VERSIONS = """
                              0.11  1.1  2.0  2.8  3.3  3.9  4.0  4.1
Produce                          3    5    6    9    9   11   12   13
Fetch                            5    7    8   12   13   17   17   18
ListOffsets                      2    2    3    6    7    9   10   10
Metadata                         4    5    6   11   12   12   13   13
OffsetCommit                     3    3    4    8    8    9    9    9
OffsetFetch                      3    3    4    7    8    9    9    9
FindCoordinator                  1    1    2    3    4    6    6    6
JoinGroup                        2    2    3    7    9    9    9    9
Heartbeat                        1    1    2    4    4    4    4    4
LeaveGroup                       1    1    2    4    5    5    5    5
SyncGroup                        1    1    2    5    5    5    5    5
DescribeGroups                   1    1    2    5    5    5    6    6
ListGroups                       1    1    2    4    4    5    5    5
SaslHandshake                    0    1    1    1    1    1    1    1
ApiVersions                      1    1    2    3    3    4    4    4
CreateTopics                     2    2    3    7    7    7    7    7
DeleteTopics                     1    1    2    6    6    6    6    6
DeleteRecords                    0    0    1    2    2    2    2    2
InitProducerId                   0    0    1    4    4    5    5    5
OffsetForLeaderEpoch             0    0    1    4    4    4    4    4
AddPartitionsToTxn               0    0    1    3    3    5    5    5
AddOffsetsToTxn                  0    0    1    3    3    4    4    4
EndTxn                           0    0    1    3    3    4    5    5
WriteTxnMarkers                  0    0    0    1    1    1    1    1
TxnOffsetCommit                  0    0    1    3    3    4    5    5
DescribeAcls                     0    0    1    2    3    3    3    3
CreateAcls                       0    0    1    2    3    3    3    3
DeleteAcls                       0    0    1    2    3    3    3    3
DescribeConfigs                  0    1    2    4    4    4    4    4
AlterConfigs                     0    0    1    2    2    2    2    2
AlterReplicaLogDirs              -    0    1    2    2    2    2    2
DescribeLogDirs                  -    0    1    2    4    4    4    4
SaslAuthenticate                 -    0    0    2    2    2    2    2
CreatePartitions                 -    0    1    3    3    3    3    3
CreateDelegationToken            -    0    1    2    -    3    3    3
RenewDelegationToken             -    0    1    2    -    2    2    2
ExpireDelegationToken            -    0    1    2    -    2    2    2
DescribeDelegationToken          -    0    1    2    -    3    3    3
DeleteGroups                     -    0    1    2    2    2    2    2
ElectLeaders                     -    -    -    2    2    2    2    2
IncrementalAlterConfigs          -    -    -    1    1    1    1    1
AlterPartitionReassignments      -    -    -    0    0    0    0    1
ListPartitionReassignments       -    -    -    0    0    0    0    0
OffsetDelete                     -    -    -    0    0    0    0    0
DescribeClientQuotas             -    -    -    1    1    1    1    1
AlterClientQuotas                -    -    -    1    1    1    1    1
DescribeUserScramCredentials     -    -    -    0    -    0    0    0
AlterUserScramCredentials        -    -    -    0    -    0    0    0
DescribeQuorum                   -    -    -    -    1    2    2    2
UpdateFeatures                   -    -    -    0    1    1    2    2
DescribeCluster                  -    -    -    0    0    1    2    2
DescribeProducers                -    -    -    0    0    0    0    0
UnregisterBroker                 -    -    -    -    0    0    0    0
DescribeTransactions             -    -    -    -    0    0    0    0
ListTransactions                 -    -    -    -    0    1    1    2
ConsumerGroupHeartbeat           -    -    -    -    -    0    1    1
ConsumerGroupDescribe            -    -    -    -    -    0    1    1
GetTelemetrySubscriptions        -    -    -    -    -    0    0    0
PushTelemetry                    -    -    -    -    -    0    0    0
ListConfigResources              -    -    -    -    -    0    0    1
DescribeTopicPartitions          -    -    -    -    -    0    0    0
ShareGroupHeartbeat              -    -    -    -    -    -    -    1
ShareGroupDescribe               -    -    -    -    -    -    -    1
ShareFetch                       -    -    -    -    -    -    -    1
ShareAcknowledge                 -    -    -    -    -    -    -    1
AddRaftVoter                     -    -    -    -    -    0    0    0
RemoveRaftVoter                  -    -    -    -    -    0    0    0
InitializeShareGroupState        -    -    -    -    -    -    -    0
ReadShareGroupState              -    -    -    -    -    -    -    0
WriteShareGroupState             -    -    -    -    -    -    -    0
DeleteShareGroupState            -    -    -    -    -    -    -    0
ReadShareGroupStateSummary       -    -    -    -    -    -    -    0
DescribeShareGroupOffsets        -    -    -    -    -    -    -    0
AlterShareGroupOffsets           -    -    -    -    -    -    -    0
DeleteShareGroupOffsets          -    -    -    -    -    -    -    0
"""

_SINCE_4_0 = frozenset({"4.0", "4.1"})

_SUPPORTED: Mapping[str, dict[str, tuple[int, int]]] = {
    "3.3": {"metadata.version": (1, 7)},
    "3.9": {"kraft.version": (0, 1), "metadata.version": (1, 21)},
    "4.0": {
        "group.version": (0, 1),
        "kraft.version": (0, 1),
        "metadata.version": (7, 25),
        "transaction.version": (0, 2),
        "eligible.leader.replicas.version": (0, 1),
    },
    "4.1": {
        "group.version": (0, 1),
        "kraft.version": (0, 1),
        "metadata.version": (7, 27),
        "share.version": (0, 1),
        "transaction.version": (0, 2),
        "eligible.leader.replicas.version": (0, 1),
    },
}

_FINALIZED: Mapping[str, dict[str, int]] = {
    "3.3": {"metadata.version": 7},
    "3.9": {"kraft.version": 1, "metadata.version": 21},
    "4.0": {"group.version": 1, "kraft.version": 1, "metadata.version": 25, "transaction.version": 2},
    "4.1": {
        "group.version": 1,
        "kraft.version": 1,
        "metadata.version": 27,
        "transaction.version": 2,
        "eligible.leader.replicas.version": 1,
    },
}

#: Features that a release knows without supporting any level of them; 3.9 took every name for one of those.
_KNOWN: Mapping[str, frozenset[str]] = {
    "3.3": frozenset(),
    "4.0": frozenset(),
    "4.1": frozenset({"streams.version"}),
}

#: What controllers took the level of `kraft.version` for while they could not change it.
_KRAFT_LEVELS: Mapping[str, int] = {"3.9": 1, "4.0": 0}

#: Releases whose Metadata says of a topic that it has just made that it has no leader yet.
_LEADER_COMES_LATER = frozenset({"0.11", "1.1", "2.0", "2.8"})

#: All that can be emulated, the oldest first.
RELEASES = ("0.11", "1.1", "2.0", "2.8", "3.3", "3.9", "4.0", "4.1", "4.3")


def profile_of(release: str) -> Profile:
    """The profile of a release.

    Raises:
        ValueError: it is none of `RELEASES`.
    """
    if release == KAFKA_4_3.name:
        return KAFKA_4_3
    if release not in RELEASES:
        raise ValueError(f"{release!r} cannot be emulated, only {', '.join(RELEASES)}")
    head, *rows = _LAST_VERSIONS.strip("\n").splitlines()
    column = head.split().index(release)
    keys = {api.name: key for key, api in APIS.items()}
    ranges = {}
    for row in rows:
        name, *last = row.split()
        if last[column] != "-":
            key = keys[name]
            first = FIRST_SINCE_4_0.get(name, APIS[key].versions[0]) if release in _SINCE_4_0 else 0
            ranges[key] = (first, int(last[column]))
    return Profile(
        release,
        ranges,
        {keys["Produce"]: 0} if release in _SINCE_4_0 else {},
        TELEMETRY,
        supported_features=_SUPPORTED.get(release, {}),
        finalized_features=_FINALIZED.get(release, {}),
        known_features=_KNOWN.get(release),
        kraft_level=_KRAFT_LEVELS.get(release),
        catalog=catalog_of(release),
        leader_comes_later=release in _LEADER_COMES_LATER,
    )
