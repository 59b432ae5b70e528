"""How brokers reach the share coordinator."""

from __future__ import annotations

from mockbroker.core import brokers
from mockbroker.core.share.persister import Persister
from mockbroker.core.share.state_records import ShareState
from mockbroker.core.share.state_shard import StateResult
from protocol_specs.errors import ErrorCode
from tests.core.share.test_states import Bench


def test_an_answer_comes_at_once() -> None:
    bench = Bench()
    persister = Persister(bench.cluster, bench.states)
    answers: list[StateResult] = []

    persister.initialize(1, bench.key, 0, 5, answers.append)
    persister.write(1, bench.key, 0, 0, ShareState(start_offset=6), answers.append)
    persister.read(1, bench.key, 1, answers.append)
    persister.summarize(1, bench.key, answers.append)
    persister.delete(1, bench.key, answers.append)

    assert [answer.error_code for answer in answers] == [ErrorCode.NONE] * 5
    assert answers[2].state.start_offset == 6
    assert answers[3].state.leader_epoch == 1


def test_a_refusal_is_told_at_once() -> None:
    bench = Bench()
    answers: list[StateResult] = []
    Persister(bench.cluster, bench.states).read(1, bench.key, 0, answers.append)
    text = "Error in read state RPC. Read operation on uninitialized share partition not allowed."
    assert answers == [StateResult(ErrorCode.INVALID_REQUEST, text)]


def test_a_coordinator_that_is_away_is_looked_for_again() -> None:
    bench = Bench(2, share_coordinator_state_topic_replication_factor=1)
    asker = next(id for id in bench.cluster.nodes if id != bench.broker)
    bench.initialize()
    brokers.stop(bench.cluster, bench.broker)
    answers: list[StateResult] = []

    Persister(bench.cluster, bench.states).read(asker, bench.key, 0, answers.append)

    bench.cluster.clock.advance(1.9)
    assert answers == []
    brokers.start(bench.cluster, bench.broker)
    bench.cluster.clock.advance(0.2)
    assert [answer.error_code for answer in answers] == [ErrorCode.NONE]


def test_but_not_for_ever() -> None:
    bench = Bench(2, share_coordinator_state_topic_replication_factor=1)
    asker = next(id for id in bench.cluster.nodes if id != bench.broker)
    brokers.stop(bench.cluster, bench.broker)
    answers: list[StateResult] = []
    Persister(bench.cluster, bench.states).read(asker, bench.key, 0, answers.append)

    bench.cluster.clock.advance(29.9)
    assert answers == []
    bench.cluster.clock.advance(0.2)
    text = "Error in find coordinator. Exhausted max retries to find coordinator without success."
    assert answers == [StateResult(ErrorCode.COORDINATOR_NOT_AVAILABLE, text)]


def test_a_topic_that_is_not_known_yet_is_asked_for_again() -> None:
    bench = Bench()
    key = bench.key._replace(partition=2)
    answers: list[StateResult] = []
    Persister(bench.cluster, bench.states).initialize(1, key, 0, 0, answers.append)
    bench.cluster.create_partitions("orders", 3)
    bench.cluster.clock.advance(2)
    assert answers == [StateResult()]


def test_a_broker_that_is_cut_off_reaches_only_itself() -> None:
    bench = Bench(2, share_coordinator_state_topic_replication_factor=1)
    bench.initialize()
    asker = next(id for id in bench.cluster.nodes if id != bench.broker)
    persister = Persister(bench.cluster, bench.states)
    answers: list[StateResult] = []
    brokers.isolate(bench.cluster, asker)

    persister.read(asker, bench.key, 0, answers.append)
    persister.read(bench.broker, bench.key, 0, answers.append)
    assert len(answers) == 1

    bench.cluster.clock.advance(31)
    assert answers[1].error_code is ErrorCode.NETWORK_EXCEPTION
