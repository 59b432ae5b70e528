"""Changes of the set of voters (KIP-853).

Rules kept here (Kafka: `KafkaRaftClient`, `AddVoterHandler`, `RemoveVoterHandler`):

- A voter is known by its id and its directory's id.
- Only a controller that runs and has caught up can become a voter: here, one that was a voter before. Anybody else the
  leader does not reach.
- The last voter stays. When the leader is removed, another one leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.features import Features

__all__ = ["add_voter", "remove_voter"]

_NO_DIRECTORY: Final = bytes(16)
_KRAFT_VERSION: Final = "kraft.version"


def add_voter(
    cluster: Cluster,
    features: Features,
    cluster_id: str | None,
    voter_id: int,
    directory_id: bytes,
    listeners: Mapping[str, tuple[str, int]],
) -> None:
    """Make a controller a voter.

    Args:
        cluster_id: the one that the request names; None: none.
        listeners: where the controller is said to listen, host and port by listener name.

    Raises:
        KafkaError: INCONSISTENT_CLUSTER_ID, INVALID_REQUEST, UNSUPPORTED_VERSION, DUPLICATE_VOTER, or
            REQUEST_TIMED_OUT where nobody answers.
    """
    _check_cluster_id(cluster, cluster_id)
    if voter_id < 0 or directory_id == _NO_DIRECTORY:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Add voter request didn't include a valid voter")
    listener = cluster.settings.for_broker(cluster.quorum.leader_id)["controller.listener.names"][0]
    if listener not in listeners:
        given = ", ".join(
            f"ListenerName({name})={host}/<unresolved>:{port}" for name, (host, port) in listeners.items()
        )
        text = f"Add voter request didn't include the endpoint (Endpoints(endpoints={{{given}}})) for the default "
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"{text}listener ListenerName({listener})")
    quorum = cluster.quorum
    _check_kraft_version(features, "adding")
    if voter_id in quorum.voters:
        text = (
            f"The voter id for {_key(cluster, voter_id, directory_id)} is already part of the set of voters "
        )
        raise KafkaError(ErrorCode.DUPLICATE_VOTER, f"{text}{_voter_keys(cluster)}.")
    standby = quorum.standby.get(voter_id)
    if standby is None or standby.directory_id != directory_id:
        text = "Aborted add voter operation for since API_VERSIONS returned an error BROKER_NOT_AVAILABLE"
        raise KafkaError(ErrorCode.REQUEST_TIMED_OUT, text)
    quorum.add(voter_id)


def remove_voter(
    cluster: Cluster, features: Features, cluster_id: str | None, voter_id: int, directory_id: bytes
) -> None:
    """Let a controller vote no more.

    Raises:
        KafkaError: INCONSISTENT_CLUSTER_ID, INVALID_REQUEST, UNSUPPORTED_VERSION, VOTER_NOT_FOUND.
    """
    _check_cluster_id(cluster, cluster_id)
    if voter_id < 0 or directory_id == _NO_DIRECTORY:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Remove voter request didn't include a valid voter")
    _check_kraft_version(features, "removing")
    quorum = cluster.quorum
    voter = quorum.voters.get(voter_id)
    if voter is None or voter.directory_id != directory_id or len(quorum.voters) == 1:
        text = f"Cannot remove voter {_key(cluster, voter_id, directory_id)} from the set of voters "
        raise KafkaError(ErrorCode.VOTER_NOT_FOUND, f"{text}{_voter_keys(cluster)}")
    quorum.remove(voter_id)


def _check_cluster_id(cluster: Cluster, cluster_id: str | None) -> None:
    if cluster_id is not None and cluster_id != cluster.cluster_id:
        text = f'The given id "{cluster_id}" doesn\'t match the cluster id "{cluster.cluster_id}"'
        raise KafkaError(ErrorCode.INCONSISTENT_CLUSTER_ID, text)


def _check_kraft_version(features: Features, doing: str) -> None:
    level = features.level(_KRAFT_VERSION)
    if level == 0:
        text = f"Cluster doesn't support {doing} voter because the {_KRAFT_VERSION} feature is {level}"
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, text)


def _voter_keys(cluster: Cluster) -> str:
    keys = [_key(cluster, voter.id, voter.directory_id) for voter in cluster.quorum.voters.values()]
    return f"[{', '.join(keys)}]"


def _key(cluster: Cluster, voter_id: int, directory_id: Any) -> str:
    text = uuid_text(directory_id)
    if cluster.settings.catalog.is_before("4.0"):
        text = f"Optional[{text}]"
    return f"ReplicaKey(id={voter_id}, directoryId={text})"
