"""Voters come and go."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.cluster import Cluster
from mockbroker.core.features import Features
from mockbroker.core.quorum_changes import add_voter, remove_voter
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text
from tests.core.clusters import make_cluster

OTHER = b"0123456789abcdef"
LISTENERS = {"CONTROLLER": ("127.0.0.1", 9093)}


def add(cluster: Cluster, voter_id: int, directory_id: bytes, **more: Any) -> None:
    given = {"cluster_id": None, "listeners": LISTENERS, "features": Features(), **more}
    add_voter(cluster, given["features"], given["cluster_id"], voter_id, directory_id, given["listeners"])


def refused(cluster: Cluster, voter_id: int, directory_id: bytes, **more: Any) -> tuple[ErrorCode, str]:
    with pytest.raises(KafkaError) as raised:
        add(cluster, voter_id, directory_id, **more)
    return raised.value.code, str(raised.value.message)


def test_a_voter_that_was_removed_is_an_observer_and_may_vote_again() -> None:
    cluster = make_cluster(3)
    quorum = cluster.quorum
    leader = quorum.voters[quorum.leader_id]
    remove_voter(cluster, Features(), cluster.cluster_id, leader.id, leader.directory_id)
    assert leader.id not in quorum.voters
    assert quorum.leader_id in quorum.voters
    assert quorum.leader_epoch == 2
    assert leader.id in [one.id for one in quorum.observer_states()]
    assert refused(cluster, leader.id, OTHER)[0] == ErrorCode.REQUEST_TIMED_OUT
    add(cluster, leader.id, leader.directory_id)
    assert leader.id in quorum.voters
    assert leader.id not in [one.id for one in quorum.observer_states()]


def test_the_last_voter_stays() -> None:
    cluster = make_cluster(1)
    [voter] = cluster.quorum.voters.values()
    with pytest.raises(KafkaError) as raised:
        remove_voter(cluster, Features(), None, voter.id, voter.directory_id)
    key = f"ReplicaKey(id=1, directoryId={uuid_text(voter.directory_id)})"
    text = f"Cannot remove voter {key} from the set of voters [{key}]"
    assert (raised.value.code, raised.value.message) == (ErrorCode.VOTER_NOT_FOUND, text)


def test_what_cannot_be_a_voter() -> None:
    cluster = make_cluster(1)
    own = cluster.quorum.voters[1].directory_id
    cases = [
        (refused(cluster, 2, OTHER, cluster_id="x")[0], ErrorCode.INCONSISTENT_CLUSTER_ID),
        (refused(cluster, -1, OTHER)[0], ErrorCode.INVALID_REQUEST),
        (refused(cluster, 2, bytes(16))[0], ErrorCode.INVALID_REQUEST),
        (refused(cluster, 2, OTHER, listeners={"X": ("h", 1)})[0], ErrorCode.INVALID_REQUEST),
        (refused(cluster, 1, own)[0], ErrorCode.DUPLICATE_VOTER),
        (refused(cluster, 1, OTHER)[0], ErrorCode.DUPLICATE_VOTER),
        (refused(cluster, 2, OTHER)[0], ErrorCode.REQUEST_TIMED_OUT),
        (refused(cluster, 2, OTHER, features=Features(finalized={}))[0], ErrorCode.UNSUPPORTED_VERSION),
    ]
    assert [code for code, _ in cases] == [code for _, code in cases]


def test_the_listener_that_is_missing_is_named() -> None:
    _, text = refused(make_cluster(1), 2, OTHER, listeners={"X": ("h", 5)})
    assert text == (
        "Add voter request didn't include the endpoint (Endpoints(endpoints={ListenerName(X)=h/<unresolved>:5})) "
        "for the default listener ListenerName(CONTROLLER)"
    )
