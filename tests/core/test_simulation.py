"""Random histories of a small cluster: what a Kafka cluster promises must hold in all of them.

`python -m tests.core.test_simulation FROM TO` runs the histories of many more seeds, and says what they came to.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable

import pytest

from mockbroker.core import brokers
from mockbroker.core.nodes import INSTANT, PAUSED, Pace
from mockbroker.core.reassignment import alter_reassignments
from mockbroker.core.replication import fetch_from_leader
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import make_cluster, values_of, write

STEPS = 60
BROKERS = 4


class History:
    """One run: three of four brokers hold a partition that needs two in sync."""

    def __init__(self, seed: int, *, unclean: bool = False) -> None:
        self.rng = random.Random(seed)
        self.is_clean = not unclean
        self.cluster = make_cluster(
            BROKERS, seed=seed, min_insync_replicas=2, unclean_leader_election_enable=unclean
        )
        self.partition = self.cluster.create_topic("t", assignments=[(0, [1, 2, 3])]).partitions[0]
        self.waiting: list[tuple[bytes, int, int]] = []
        self.acknowledged: dict[int, bytes] = {}
        self.committed: dict[int, bytes | None] = {}
        self.written = 0
        self.digest = hashlib.sha256(self.cluster.cluster_id.encode())

    def run(self) -> None:
        steps: list[tuple[int, Callable[[], object]]] = [
            (12, self.produce),
            (6, self.fetch_once),
            (3, lambda: self.set_pace(self.rng.choice((PAUSED, INSTANT, Pace(lag_records=2), Pace(3.0))))),
            (3, lambda: self.cluster.clock.advance(self.rng.choice((0.5, 2, 5, 12, 31)))),
            (2, lambda: brokers.stop(self.cluster, self.anyone())),
            (2, lambda: brokers.kill(self.cluster, self.anyone())),
            (5, lambda: brokers.start(self.cluster, self.anyone())),
            (2, lambda: brokers.isolate(self.cluster, self.anyone())),
            (3, lambda: brokers.heal(self.cluster, self.anyone())),
            (1, self.reassign),
            (1, self.move_leader),
        ]
        weights = [weight for weight, _ in steps]
        for _, step in self.rng.choices(steps, weights, k=STEPS):
            step()
            self.check()
            self.take_down()
        self.end_well()
        self.take_down()

    def anyone(self) -> int:
        return self.rng.randint(1, BROKERS)

    def produce(self) -> None:
        self.written += 1
        value = b"%d" % self.written
        broker = self.anyone()
        acks = self.rng.choice((1, -1, -1))
        if not self.cluster.nodes[broker].is_running:
            return
        try:
            offset = write(self.partition, value, acks=acks, at=broker)
        except KafkaError as error:
            if error.code not in (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_ENOUGH_REPLICAS):
                raise
            return
        if acks == -1:
            self.waiting.append((value, offset, broker))

    def fetch_once(self) -> None:
        fetch_from_leader(self.partition, self.anyone())

    def set_pace(self, pace: Pace) -> None:
        brokers.set_pace(self.cluster, self.anyone(), pace)

    def reassign(self) -> None:
        alter_reassignments(self.cluster, [("t", 0, self.rng.sample(range(1, BROKERS + 1), 3))])

    def move_leader(self) -> None:
        isr = self.partition.isr
        if isr:
            brokers.move_leader(self.cluster, "t", 0, self.rng.choice(isr))

    def settle_acknowledgements(self) -> None:
        still = []
        for value, offset, broker in self.waiting:
            if not self.cluster.nodes[broker].is_running:
                continue
            code = self.partition.acknowledged(offset + 1, at=broker)
            if code is None:
                still.append((value, offset, broker))
            elif code is ErrorCode.NONE:
                self.acknowledged[offset] = value
        self.waiting = still

    def check(self) -> None:
        self.settle_acknowledgements()
        partition = self.partition
        for broker_id, replica in partition.copies.items():
            log = replica.log
            assert log.start_offset <= log.last_stable_offset <= log.high_watermark <= log.end_offset
            values = values_of(partition, broker_id)
            assert len(values) == log.end_offset, "offsets are dense"
            # Whatever one replica takes for committed, all others do who know of it.
            for offset in range(log.high_watermark if self.is_clean else 0):
                assert self.committed.setdefault(offset, values[offset]) == values[offset]
        assert partition.leader == -1 or partition.leader in partition.isr
        assert not set(partition.isr) & set(partition.elr)
        for broker_id in partition.isr:
            assert self.cluster.nodes[broker_id].is_active

    def take_down(self) -> None:
        """Let all that there is become part of the digest: what the controller knows, and each replica's bytes."""
        self.digest.update(repr((self.partition.state, self.cluster.clock.now, self.acknowledged)).encode())
        for broker_id, replica in sorted(self.partition.copies.items()):
            log = replica.log
            known = (broker_id, replica.state, log.high_watermark, list(log.leader_epochs.entries))
            self.digest.update(repr(known).encode())
            for batch in log.batches():
                self.digest.update(batch.view)

    def end_well(self) -> None:
        for broker in range(1, BROKERS + 1):
            brokers.heal(self.cluster, broker)
            brokers.start(self.cluster, broker)
            brokers.set_pace(self.cluster, broker, INSTANT)
        self.cluster.clock.advance(31)
        self.check()
        partition = self.partition
        assert partition.leader != -1
        assert set(partition.isr) == set(partition.replicas)
        final = values_of(partition)
        assert all(values_of(partition, broker) == final for broker in partition.replicas)
        assert partition.high_watermark == len(final)
        told = self.acknowledged.items()
        lost = {offset: value for offset, value in told if final[offset : offset + 1] != [value]}
        assert not lost or not self.is_clean


@pytest.mark.parametrize("seed", range(150))
def test_nothing_that_was_acknowledged_is_lost(seed: int) -> None:
    History(seed).run()


@pytest.mark.parametrize("seed", range(50))
def test_unclean_elections_lose_records_but_replicas_agree_in_the_end(seed: int) -> None:
    History(seed, unclean=True).run()


@pytest.mark.parametrize("unclean", [False, True])
def test_a_seed_replays_to_the_same_bytes(unclean: bool) -> None:
    def digest(seed: int) -> bytes:
        history = History(seed, unclean=unclean)
        history.run()
        return history.digest.digest()

    digests = [digest(seed) for seed in range(20)]
    assert digests == [digest(seed) for seed in range(20)]
    assert len(set(digests)) == 20


def test_a_seed_replays_to_the_same_bytes_in_another_process() -> None:
    """Where sets and dicts of strings have other orders, too."""
    command = [sys.executable, "-m", "tests.core.test_simulation", "0", "20"]
    printed = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(printed) == 1


if __name__ == "__main__":
    everything = hashlib.sha256()
    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        history = History(number)
        try:
            history.run()
        except AssertionError:
            print(f"seed {number}")
            raise
        everything.update(history.digest.digest())
    print(everything.hexdigest())
