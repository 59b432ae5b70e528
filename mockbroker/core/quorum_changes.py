"""Changes of the set of voters (KIP-853).

Rules kept here (Kafka: `KafkaRaftClient`, `AddVoterHandler`, `RemoveVoterHandler`):

- One change at a time. A voter is known by its id and its directory's id.
- Only a controller that runs and has caught up can become a voter: here, one that was a voter before. For any other
  the leader waits in vain.
- The last voter stays. When the leader is removed, another one leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mockbroker.core.waiting import Pending
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
) -> Pending:
    """Make a controller a voter.

    Args:
        cluster_id: the one that the request names; None: none.
        listeners: where the controller is said to listen, host and port by listener name.

    Returns:
        A Pending of None, or of the KafkaError when nobody answers there.

    Raises:
        KafkaError: INCONSISTENT_CLUSTER_ID, INVALID_REQUEST, UNSUPPORTED_VERSION, DUPLICATE_VOTER, or
            REQUEST_TIMED_OUT while another change is under way.
    """
    _check_cluster_id(cluster, cluster_id)
    if voter_id < 0 or directory_id == _NO_DIRECTORY:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Add voter request didn't include a valid voter")
    listener = cluster.settings["controller.listener.names"][0]
    if listener not in listeners:
        given = ", ".join(
            f"ListenerName({name})={host}/<unresolved>:{port}" for name, (host, port) in listeners.items()
        )
        text = f"Add voter request didn't include the endpoint (Endpoints(endpoints={{{given}}})) for the default "
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"{text}listener ListenerName({listener})")
    quorum = cluster.quorum
    _check_state(cluster, features, "adding")
    if voter_id in quorum.voters:
        text = f"The voter id for {_key(voter_id, directory_id)} is already part of the set of voters "
        raise KafkaError(ErrorCode.DUPLICATE_VOTER, f"{text}{_voter_keys(cluster)}.")
    pending = Pending()
    standby = quorum.standby.get(voter_id)
    if standby is not None and standby.directory_id == directory_id:
        quorum.add(voter_id)
        pending.settle(None)
    else:
        timeout = cluster.settings["controller.quorum.request.timeout.ms"] / 1000
        quorum.change_until = cluster.clock.now + timeout
        cluster.clock.call_later(timeout, lambda: pending.settle(KafkaError(ErrorCode.REQUEST_TIMED_OUT)))
    return pending


def remove_voter(
    cluster: Cluster, features: Features, cluster_id: str | None, voter_id: int, directory_id: bytes
) -> None:
    """Let a controller vote no more.

    Raises:
        KafkaError: INCONSISTENT_CLUSTER_ID, INVALID_REQUEST, UNSUPPORTED_VERSION, VOTER_NOT_FOUND, or
            REQUEST_TIMED_OUT while another change is under way.
    """
    _check_cluster_id(cluster, cluster_id)
    if voter_id < 0 or directory_id == _NO_DIRECTORY:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Remove voter request didn't include a valid voter")
    _check_state(cluster, features, "removing")
    quorum = cluster.quorum
    voter = quorum.voters.get(voter_id)
    if voter is None or voter.directory_id != directory_id or len(quorum.voters) == 1:
        text = f"Cannot remove voter {_key(voter_id, directory_id)} from the set of voters "
        raise KafkaError(ErrorCode.VOTER_NOT_FOUND, f"{text}{_voter_keys(cluster)}")
    quorum.remove(voter_id)


def _check_cluster_id(cluster: Cluster, cluster_id: str | None) -> None:
    if cluster_id is not None and cluster_id != cluster.cluster_id:
        text = f'The given id "{cluster_id}" doesn\'t match the cluster id "{cluster.cluster_id}"'
        raise KafkaError(ErrorCode.INCONSISTENT_CLUSTER_ID, text)


def _check_state(cluster: Cluster, features: Features, doing: str) -> None:
    if cluster.clock.now < cluster.quorum.change_until:
        text = "Request timed out waiting for leader to handle previous voter change request"
        raise KafkaError(ErrorCode.REQUEST_TIMED_OUT, text)
    level = features.level(_KRAFT_VERSION)
    if level == 0:
        text = f"Cluster doesn't support {doing} voter because the {_KRAFT_VERSION} feature is {level}"
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, text)


def _voter_keys(cluster: Cluster) -> str:
    keys = [_key(voter.id, voter.directory_id) for voter in cluster.quorum.voters.values()]
    return f"[{', '.join(keys)}]"


def _key(voter_id: int, directory_id: Any) -> str:
    return f"ReplicaKey(id={voter_id}, directoryId={uuid_text(directory_id)})"
