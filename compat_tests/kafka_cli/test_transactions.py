"""kafka-transactions: list, describe, describe-producers, abort, force-terminate, find-hanging."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from compat_tests.differential.peer import Peer
from compat_tests.kafka_cli.cli import Cli
from compat_tests.support.processes import poll
from protocol_specs.record_batch import build_batch
from protocol_specs.records import Record

# So that a producer can leave behind what no coordinator knows of.
pytestmark = [
    pytest.mark.cluster(properties=("transaction.partition.verification.enable=false",)),
    pytest.mark.shows("kafka-transactions"),
]

LISTED = "TransactionalId Coordinator ProducerId TransactionState"
DESCRIBED = (
    "CoordinatorId TransactionalId ProducerId ProducerEpoch TransactionState TransactionTimeoutMs"
    " CurrentTransactionStartTimeMs TransactionDurationMs TopicPartitions"
)
PRODUCERS = (
    "ProducerId ProducerEpoch LatestCoordinatorEpoch LastSequence LastTimestamp CurrentTransactionStartOffset"
)
HANGING = "Topic Partition ProducerId ProducerEpoch CoordinatorEpoch StartOffset LastTimestamp Duration(min)"


class Producer:
    """A transactional producer that can be left at any point: it is a client of single requests."""

    def __init__(self, cli: Cli, transactional_id: str, topic: str) -> None:
        self.peer = Peer(cli.broker.first)
        self.name = transactional_id
        self.topic = topic
        self.sequence = 0

        def started() -> dict[str, int] | None:
            # A fresh Kafka has no coordinators before somebody looks for one.
            self.peer.ask("FindCoordinator", 4, {"key_type": 1, "coordinator_keys": [self.name]})
            answer: dict[str, int] = self.peer.ask(
                "InitProducerId", 5, {"transactional_id": self.name, "transaction_timeout_ms": 600_000}
            )
            return answer if answer["error_code"] == 0 else None

        answer = poll(started, within=10, what="the coordinator's answer")
        self.id, self.epoch = answer["producer_id"], answer["producer_epoch"]

    def send(self, *, version: int = 12) -> None:
        """One record to partition 0. From version 12 on the broker adds the partition to the transaction."""
        batch = build_batch(
            [Record(0, int(time.time() * 1000), None, b"value", [])],
            producer_id=self.id,
            producer_epoch=self.epoch,
            base_sequence=self.sequence,
            is_transactional=True,
        )
        partition = {"index": 0, "records": bytes(batch)}
        request = {
            "transactional_id": self.name,
            "acks": -1,
            "timeout_ms": 5000,
            "topic_data": [{"name": self.topic, "partition_data": [partition]}],
        }
        answer = self.peer.ask("Produce", version, request)
        assert answer["responses"][0]["partition_responses"][0]["error_code"] == 0, answer
        self.sequence += 1

    def commit(self) -> None:
        """Ends the transaction, and waits until its markers are written."""
        names = {"transactional_id": self.name, "producer_id": self.id, "producer_epoch": self.epoch}
        answer = self.peer.ask("EndTxn", 5, {**names, "committed": True})
        assert answer["error_code"] == 0
        self.epoch = answer["producer_epoch"]

        def complete() -> bool | None:
            asked = self.peer.ask("DescribeTransactions", 0, {"transactional_ids": [self.name]})
            return asked["transaction_states"][0]["transaction_state"] == "CompleteCommit" or None

        poll(complete, within=10, what="the markers")


@pytest.fixture
def topic(cli: Cli, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.removeprefix("test_").replace("_", "-")
    cli(f"kafka-topics -B --create --topic {name} --partitions 1").prints(f"Created topic {name}.")
    return name


def test_there_are_none(cli: Cli) -> None:
    cli("kafka-transactions -B list").prints(LISTED)
    cli("kafka-transactions -B describe --transactional-id nope").prints(
        err="Failed to describe transaction state of transactional-id `nope`: DescribeTransactions request for"
        " transactionalId `nope` failed because the ID could not be found. Enable debug logging for additional"
        " detail.",
        exit=1,
    )


def test_committed(cli: Cli, topic: str) -> None:
    producer = Producer(cli, "tx-done", topic)
    producer.send()
    producer.commit()
    cli("kafka-transactions -B list").prints(f"""
        {LISTED}
        tx-done 1 {producer.id} CompleteCommit
    """)
    cli("kafka-transactions -B describe --transactional-id tx-done").prints(f"""
        {DESCRIBED}
        1 tx-done {producer.id} {producer.epoch} CompleteCommit 600000 <ts> <n>
    """)
    cli(f"kafka-transactions -B describe-producers --topic {topic} --partition 0").prints(f"""
        {PRODUCERS}
        {producer.id} {producer.epoch} 0 -1 <ts> None
    """)
    cli("kafka-transactions -B find-hanging --broker-id 1").prints(HANGING)
    cli(f"kafka-transactions -B abort --topic {topic} --partition 0 --start-offset 0").prints(
        err=f"Could not find any open transactions starting at offset 0 on partition {topic}-0", exit=1
    )


def test_force_terminate(cli: Cli, topic: str) -> None:
    producer = Producer(cli, "tx-forced", topic)
    producer.send()
    producer.commit()
    cli("kafka-transactions -B forceTerminateTransaction --transactionalId tx-forced").prints("")
    cli("kafka-transactions -B describe --transactional-id tx-forced").prints(f"""
        {DESCRIBED}
        1 tx-forced {producer.id} {producer.epoch + 1} Empty 30000 None None
    """)
    cli("kafka-transactions -B forceTerminateTransaction --transactionalId unheard-of").prints("")
    listed = cli("kafka-transactions -B list").stdout
    assert any(line.startswith("unheard-of 1 ") and line.endswith(" Empty") for line in listed)


def test_open(cli: Cli, topic: str) -> None:
    producer = Producer(cli, "tx-open", topic)
    producer.send()
    assert f"tx-open 1 {producer.id} Ongoing" in cli("kafka-transactions -B list").stdout
    long = cli("kafka-transactions -B list --duration-filter 1000000").stdout
    assert not any(line.startswith("tx-open") for line in long)
    described = f"1 tx-open {producer.id} 0 Ongoing 600000 <ts> <n> {topic}-0"
    cli("kafka-transactions -B describe --transactional-id tx-open").prints(f"{DESCRIBED}\n{described}")
    cli(f"kafka-transactions -B describe-producers --topic {topic} --partition 0").prints(f"""
        {PRODUCERS}
        {producer.id} 0 -1 0 <ts> 0
    """)
    # It is open, but its coordinator knows it.
    cli("kafka-transactions -B find-hanging --broker-id 1 --max-transaction-timeout 0").prints(HANGING)
    cli(f"kafka-transactions -B abort --topic {topic} --partition 0 --start-offset 0").prints("")
    cli(f"kafka-transactions -B describe-producers --topic {topic} --partition 0").prints(f"""
        {PRODUCERS}
        {producer.id} 0 0 0 <ts> None
    """)
    cli("kafka-transactions -B describe --transactional-id tx-open").prints(f"{DESCRIBED}\n{described}")


def test_hanging(cli: Cli, topic: str) -> None:
    producer = Producer(cli, "tx-hanging", topic)
    producer.send(version=11)
    find = f"kafka-transactions -B find-hanging --topic {topic} --max-transaction-timeout 0"
    cli(find).prints(f"""
        {HANGING}
        {topic} 0 {producer.id} 0 -1 0 <ts> 0
    """)
    cli(f"kafka-transactions -B abort --topic {topic} --partition 0 --start-offset 0").prints("")
    cli(find).prints(HANGING)
    cli(f"kafka-get-offsets -B --topic {topic}").prints(f"{topic}:0:2")


@pytest.mark.shows("kafka-console-consumer")
def test_the_log_through_its_formatter(cli: Cli, topic: str) -> None:
    producer = Producer(cli, "tx-logged", topic)
    producer.send()
    producer.commit()
    key = '{"key":{"type":0,"data":{"transactionalId":"tx-logged"}},"value":'

    def records() -> list[dict[str, Any]] | None:
        read = cli(
            "kafka-console-consumer -B --topic __transaction_state --from-beginning --timeout-ms 2000"
            " --formatter org.apache.kafka.tools.consumer.TransactionLogMessageFormatter"
        )
        # The formatter prints records one after the other, with no line ends.
        printed = "".join(read.stdout).split(key)[1:]
        return [json.loads(one.split('{"key"')[0].removesuffix("}")) for one in printed] or None

    values = poll(records, within=30, what="the records")
    assert {value["version"] for value in values} == {1}
    states = [value["data"] for value in values]
    empty, ongoing, prepare_commit, complete_commit = 0, 1, 2, 4
    assert [state["transactionStatus"] for state in states] == [
        empty,
        ongoing,
        prepare_commit,
        complete_commit,
    ]
    assert [state["producerEpoch"] for state in states] == [0, 0, 1, 1]
    partitions = [{"topic": topic, "partitionIds": [0]}]
    assert [state["transactionPartitions"] for state in states] == [None, partitions, partitions, []]
    assert {state["producerId"] for state in states} == {producer.id}
