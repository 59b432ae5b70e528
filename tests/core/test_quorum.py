from __future__ import annotations

from mockbroker.core import brokers
from tests.core.clusters import make_cluster


def test_a_cluster_of_one_is_a_combined_one() -> None:
    quorum = make_cluster(1).quorum

    assert list(quorum.voters) == [1]
    assert [state.id for state in quorum.voter_states()] == [1]
    assert quorum.observer_states() == []
    assert (quorum.fail_over(), quorum.leader_epoch) == (1, 2)


def test_controllers_keep_their_majority_whatever_brokers_do() -> None:
    cluster = make_cluster(3)
    for broker in (1, 2, 3):
        brokers.kill(cluster, broker)

    assert list(cluster.quorum.voters) == [3000, 3001, 3002]
    assert cluster.quorum.leader_id == 3000
    assert cluster.quorum.fail_over() == 3001
    assert len({voter.directory_id for voter in cluster.quorum.voters.values()}) == 3


def test_the_metadata_log_grows_with_changes_and_with_time() -> None:
    cluster = make_cluster(3)
    before = cluster.quorum.end_offset
    cluster.create_topic("t")
    changed = cluster.quorum.end_offset
    cluster.clock.advance(10)

    assert before < changed == cluster.quorum.end_offset - 20


def test_an_observer_that_is_out_of_touch_falls_behind_and_is_forgotten() -> None:
    cluster = make_cluster(3)
    brokers.isolate(cluster, 2)
    lost_at = cluster.quorum.end_offset
    cluster.clock.advance(60)

    states = {state.id: state for state in cluster.quorum.observer_states()}
    assert states[1].log_end_offset == cluster.quorum.end_offset > states[2].log_end_offset == lost_at
    assert states[1].last_fetch_ms - states[2].last_fetch_ms == 60_000
    cluster.clock.advance(240)
    assert [state.id for state in cluster.quorum.observer_states()] == [1, 3]
    brokers.heal(cluster, 2)
    assert [state.id for state in cluster.quorum.observer_states()] == [1, 2, 3]
