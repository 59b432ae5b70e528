"""Exactly-once: each transaction API in each version, each row that a client can reach, and what the log has of it."""

from __future__ import annotations

import random
import time
from base64 import b64decode
from typing import Any

from compat_tests.differential.cases.records import batch, produce
from compat_tests.differential.internal_logs import of_group, of_transaction
from compat_tests.differential.runner import Run, versions
from protocol_specs.record_batch import batches_in, parse_end_txn_marker, parse_header, records_of

PREPARED = ("PrepareCommit", "PrepareAbort")


class Producer:
    """A transactional producer as it names itself."""

    def __init__(self, run: Run, name: str, topic: str = "xt") -> None:
        self.run = run
        self.name = name
        self.topic = topic
        self.id = self.epoch = -1
        self.init()

    def init(self) -> None:
        """Become the one with this name, however often that must be asked."""
        for _ in range(200):
            asked = {"transactional_id": self.name, "transaction_timeout_ms": 60_000}
            answer = self.run.prepare("InitProducerId", 5, **asked)
            if answer["error_code"] == 0:
                self.id, self.epoch = answer["producer_id"], answer["producer_epoch"]
                return
            time.sleep(0.02)
        raise AssertionError(f"{self.name} was not initialized: {answer}")

    def rest(self) -> None:
        """Wait until no end is under way."""
        for _ in range(200):
            described = self.run.prepare("DescribeTransactions", 0, transactional_ids=[self.name])
            if described["transaction_states"][0]["transaction_state"] not in PREPARED:
                return
            time.sleep(0.02)
        raise AssertionError(f"{self.name} does not come to rest")

    def names(self, **more: Any) -> dict[str, Any]:
        fields = {"transactional_id": self.name, "producer_id": self.id, "producer_epoch": self.epoch}
        return {**fields, **more}

    def end(self, committed: bool, **more: Any) -> dict[str, Any]:
        return self.names(committed=committed, **more)

    def adding(self, *partitions: int, topic: str | None = None, **more: Any) -> dict[str, Any]:
        """The fields of an AddPartitionsToTxn of a client."""
        topics = [{"name": topic or self.topic, "partitions": list(partitions or (0,))}]
        fields = {f"v3_and_below_{key}": value for key, value in self.names(**more).items()}
        return {**fields, "v3_and_below_topics": topics}

    def records(self, sequence: int = 0, partition: int = 0, **more: Any) -> dict[str, Any]:
        """The fields of a Produce of one record, up to version 12."""
        given: dict[str, Any] = {"producer_id": self.id, "producer_epoch": self.epoch, **more}
        records = batch(base_sequence=sequence, is_transactional=True, **given)
        return produce(self.topic, records, partition=partition, transactional_id=self.name)

    def offsets(self, group: str, **more: Any) -> dict[str, Any]:
        """The fields of a TxnOffsetCommit."""
        partition = {"partition_index": 0, "committed_offset": 3, "committed_metadata": "m"}
        topics = [{"name": self.topic, "partitions": [partition]}]
        return {**self.names(group_id=group, topics=topics), **more}


def init_producer_id(run: Run) -> None:
    run.await_coordinators()
    run.create("xt", 3)
    for version in versions("InitProducerId"):
        name = f"xi{version}"

        def ask(label: str, version: int = version, name: str = name, **more: Any) -> Any:
            fields = {"transactional_id": name, "transaction_timeout_ms": 60_000, **more}
            return run.ask(label, "InitProducerId", version, **fields)

        ask("without a transactional id", transactional_id=None)
        ask("without a transactional id, any timeout", transactional_id=None, transaction_timeout_ms=-1)
        ask("empty transactional id", transactional_id="")
        for timeout_ms in (0, -1, 900_001, 2**31 - 1):
            ask(f"timeout {timeout_ms}", transaction_timeout_ms=timeout_ms)
        ask("largest timeout", transaction_timeout_ms=900_000)
        ask("again")
        if version >= 3:
            _init_with_an_epoch(run, ask)


def _init_with_an_epoch(run: Run, ask: Any) -> None:
    ask("id without epoch", producer_id=1)
    ask("epoch without id", producer_epoch=1)
    ask("id without epoch, no transactional id", producer_id=1, transactional_id=None)
    ask("id and epoch, no transactional id", producer_id=1, producer_epoch=0, transactional_id=None)
    first = ask("to begin with")
    mine = {"producer_id": first["producer_id"], "producer_epoch": first["producer_epoch"]}
    ask("another id", producer_id=first["producer_id"] + 7777, producer_epoch=0)
    ask("older epoch", **{**mine, "producer_epoch": 0})
    ask("newer epoch", **{**mine, "producer_epoch": 99})
    ask("going on", **mine)
    ask("going on, repeated", **mine)
    again = ask("a new one comes")
    ask("going on too late", **mine)
    ask("greatest epoch", producer_id=again["producer_id"], producer_epoch=32767)


def init_during_a_transaction(run: Run) -> None:
    for version in versions("InitProducerId"):
        producer = Producer(run, f"xd{version}")
        run.ask("begins", "Produce", 12, **producer.records())
        fields = {"transactional_id": producer.name, "transaction_timeout_ms": 60_000}
        run.ask("takes over", "InitProducerId", version, **fields)
        producer.rest()
        run.ask("comes again", "InitProducerId", version, **fields)
        run.ask("the old one writes", "Produce", 12, **producer.records(1))
        run.ask("the old one commits", "EndTxn", 5, **producer.end(True))
        run.ask("the old one aborts", "EndTxn", 5, **producer.end(False))
        if version >= 3:
            going_on = Producer(run, f"xg{version}")
            run.ask("begins", "Produce", 12, **going_on.records())
            fields = going_on.names(transaction_timeout_ms=60_000)
            run.ask("goes on during its transaction", "InitProducerId", version, **fields)
            going_on.rest()
            run.ask("goes on after it", "InitProducerId", version, **fields)


def add_partitions_by_clients(run: Run) -> None:
    for version in range(4):
        producer = Producer(run, f"xa{version}")

        def ask(label: str, fields: dict[str, Any], version: int = version) -> None:
            run.ask(label, "AddPartitionsToTxn", version, **fields)

        ask("one", producer.adding())
        ask("the same", producer.adding())
        ask("two more", producer.adding(0, 1, 2))
        ask("absent partition", producer.adding(0, 9))
        ask("absent topic", producer.adding(topic="absent"))
        ask("internal topic", producer.adding(topic="__transaction_state"))
        ask("no such id", producer.adding(transactional_id="absent"))
        ask("empty id", producer.adding(transactional_id=""))
        ask("another producer id", producer.adding(producer_id=987_654))
        ask("older epoch", producer.adding(producer_epoch=-1))
        ask("newer epoch", producer.adding(producer_epoch=9))
        ask("nothing", {**producer.adding(), "v3_and_below_topics": []})


def add_partitions_by_brokers(run: Run) -> None:
    for version in (4, 5):
        one, other = Producer(run, f"xb{version}"), Producer(run, f"xc{version}")

        def transaction(
            producer: Producer, *partitions: int, topic: str = "xt", verify: bool = False, **more: Any
        ) -> dict[str, Any]:
            topics = [{"name": topic, "partitions": list(partitions)}]
            return {**producer.names(**more), "verify_only": verify, "topics": topics}

        def ask(label: str, *transactions: dict[str, Any], version: int = version) -> None:
            run.ask(label, "AddPartitionsToTxn", version, transactions=list(transactions))

        ask("nothing to verify", transaction(one, 0, verify=True))
        ask("one", transaction(one, 0))
        ask("verified", transaction(one, 0, 1, verify=True))
        ask("two transactions", transaction(one, 1), transaction(other, 2))
        ask("absent partition", transaction(one, 0, 9))
        ask("absent partition to verify", transaction(one, 0, 9, verify=True))
        ask("internal topic", transaction(one, 0, topic="__transaction_state"))
        for verify in (False, True):
            ask("no such id", transaction(one, 0, transactional_id="absent", verify=verify))
            ask("empty id", transaction(one, 0, transactional_id="", verify=verify))
            ask("another producer id", transaction(one, 0, producer_id=987_654, verify=verify))
            ask("newer epoch", transaction(one, 0, producer_epoch=9, verify=verify))


def add_offsets(run: Run) -> None:
    for version in versions("AddOffsetsToTxn"):
        producer = Producer(run, f"xo{version}")
        for label, more in (
            ("one", {}),
            ("the same", {}),
            ("empty group", {"group_id": ""}),
            ("no such id", {"transactional_id": "absent"}),
            ("empty id", {"transactional_id": ""}),
            ("another producer id", {"producer_id": 987_654}),
            ("newer epoch", {"producer_epoch": 9}),
        ):
            run.ask(label, "AddOffsetsToTxn", version, **producer.names(**{"group_id": "xg", **more}))


def end_without_epoch_bumps(run: Run) -> None:
    for version in range(5):
        for committed in (True, False):
            producer = Producer(run, f"xe{version}{committed}")

            def ask(
                label: str, fields: dict[str, Any], version: int = version, producer: Producer = producer
            ) -> None:
                run.ask(label, "EndTxn", version, **fields)
                producer.rest()

            ask("nothing to end", producer.end(committed))
            ask("no such id", producer.end(committed, transactional_id="absent"))
            ask("empty id", producer.end(committed, transactional_id=""))
            ask("another producer id", producer.end(committed, producer_id=987_654))
            run.prepare("AddPartitionsToTxn", 3, **producer.adding(0, 1))
            run.ask("written", "Produce", 11, **producer.records())
            ask("older epoch", producer.end(committed, producer_epoch=-1))
            ask("newer epoch", producer.end(committed, producer_epoch=1))
            ask("done", producer.end(committed))
            ask("repeated", producer.end(committed))
            ask("the other way", producer.end(not committed))
            run.ask("written without adding", "Produce", 11, **producer.records(1))
            run.ask("described", "DescribeTransactions", 0, transactional_ids=[producer.name])


def end_with_epoch_bumps(run: Run) -> None:
    for committed in (True, False):
        producer = Producer(run, f"xf{committed}")

        def ask(label: str, fields: dict[str, Any], producer: Producer = producer) -> Any:
            answer = run.ask(label, "EndTxn", 5, **fields)
            producer.rest()
            return answer

        ask("committing nothing", producer.end(True))
        ask("no such id", producer.end(committed, transactional_id="absent"))
        ask("empty id", producer.end(committed, transactional_id=""))
        ask("another producer id", producer.end(committed, producer_id=987_654))
        run.ask("written", "Produce", 12, **producer.records())
        ask("older epoch", producer.end(committed, producer_epoch=-1))
        ask("newer epoch", producer.end(committed, producer_epoch=1))
        ask("done", producer.end(committed))
        ask("repeated", producer.end(committed))
        ask("the other way", producer.end(not committed))
        producer.epoch += 1
        ask("committing nothing again", producer.end(True))
        ask("aborting nothing", producer.end(False))
        ask("aborting nothing, repeated", producer.end(False))
        ask("committing what was aborted", producer.end(True))
        run.ask("the epoch is over", "Produce", 12, **producer.records())
        producer.epoch += 1
        run.ask("the next one", "Produce", 12, **producer.records())
        run.ask("described", "DescribeTransactions", 0, transactional_ids=[producer.name])
        ask("done", producer.end(committed))


def produce_without_adding(run: Run) -> None:
    for version in range(3, 13):
        producer = Producer(run, f"xp{version}", topic=f"xp{version}")
        run.create(producer.topic)

        def ask(label: str, fields: dict[str, Any], version: int = version) -> None:
            run.ask(label, "Produce", version, **fields)

        ask("not added", producer.records())
        ask("newer epoch", producer.records(producer_epoch=9))
        ask("another producer id", producer.records(producer_id=987_654))
        ask("no such id", {**producer.records(), "transactional_id": "absent"})
        ask("empty id", {**producer.records(), "transactional_id": ""})
        ask("no id", {**producer.records(), "transactional_id": None})
        run.prepare("AddPartitionsToTxn", 3, **producer.adding())
        ask("added", producer.records())
        ask("the same", producer.records())
        ask("out of order", producer.records(5))
        ask("next", producer.records(1))
        run.ask("not transactional", "Produce", version, **_plain(producer, 2))


def _plain(producer: Producer, sequence: int) -> dict[str, Any]:
    records = batch(base_sequence=sequence, producer_id=producer.id, producer_epoch=producer.epoch)
    return produce(producer.topic, records)


def commit_offsets(run: Run) -> None:
    for version in versions("TxnOffsetCommit"):
        group = f"xg{version}"
        producer = Producer(run, f"xo-{version}")

        def ask(label: str, fields: dict[str, Any], version: int = version) -> None:
            run.ask(label, "TxnOffsetCommit", version, **fields)

        ask("empty group", producer.offsets(""))
        ask("not added", producer.offsets(group, producer_epoch=9))
        ask("another producer id", producer.offsets(group, producer_id=987_654))
        ask("no such id", producer.offsets(group, transactional_id="absent"))
        ask("empty id", producer.offsets(group, transactional_id=""))
        ask("not added", producer.offsets(f"{group}-other"))
        run.prepare("AddOffsetsToTxn", 4, **producer.names(group_id=group))
        ask("added", producer.offsets(group))
        ask("again", producer.offsets(group))
        absent = [{"name": "absent", "partitions": [{"partition_index": 0}]}]
        ask("absent topic", producer.offsets(group, topics=absent))
        ask("no topics", producer.offsets(group, topics=[]))
        if version >= 3:
            ask("unknown member", producer.offsets(group, member_id="m", generation_id=1))
            ask("unknown generation", producer.offsets(group, generation_id=1))
            ask("unknown instance", producer.offsets(group, member_id="m", group_instance_id="i"))
        asked = [{"name": "xt", "partition_indexes": [0]}]
        run.ask("pending", "OffsetFetch", 7, group_id=group, topics=asked, require_stable=True)
        run.ask("pending, unstable", "OffsetFetch", 7, group_id=group, topics=asked, require_stable=False)
        run.prepare("EndTxn", 3, **producer.end(True))
        producer.rest()
        run.ask("committed", "OffsetFetch", 7, group_id=group, topics=asked, require_stable=True)


def read_committed(run: Run) -> None:
    topic = "xr"
    run.create(topic)
    first, second = Producer(run, "xr1", topic), Producer(run, "xr2", topic)

    def look(label: str) -> None:
        for isolation in (0, 1):
            asked = {
                "topic": topic,
                "partitions": [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}],
            }
            fields = {"max_wait_ms": 0, "min_bytes": 0, "max_bytes": 1 << 20, "isolation_level": isolation}
            answer = run.prepare("Fetch", 12, **fields, topics=[asked])
            (partition,) = answer["responses"][0]["partitions"]
            records = b64decode(partition.pop("records") or "")
            run.note(f"{label}, isolation {isolation}", partition)
            run.note(
                f"{label}, isolation {isolation}: batches", [_brief(view) for view in batches_in(records)]
            )
            wanted = {"name": topic, "partitions": [{"partition_index": 0, "timestamp": -1}]}
            run.ask(label, "ListOffsets", 7, replica_id=-1, isolation_level=isolation, topics=[wanted])
        run.ask(label, "DescribeProducers", 0, topics=[{"name": topic, "partition_indexes": [0]}])

    run.prepare("Produce", 12, **first.records())
    run.prepare("Produce", 12, **second.records())
    look("two open")
    run.prepare("EndTxn", 5, **second.end(False))
    second.rest()
    look("the second aborted")
    run.prepare("EndTxn", 5, **first.end(True))
    first.rest()
    look("the first committed")


def _brief(view: memoryview) -> dict[str, Any]:
    header = parse_header(view)
    marker = parse_end_txn_marker(records_of(view)[0]) if header.is_control else None
    return {
        "base_offset": header.base_offset,
        "attributes": header.attributes,
        "producer_id": header.producer_id,
        "producer_epoch": header.producer_epoch,
        "base_sequence": header.base_sequence,
        "length": header.length,
        "marker": None if marker is None else list(marker),
    }


def markers_by_hand(run: Run) -> None:
    run.create("xm")
    for version in versions("WriteTxnMarkers"):
        producer = Producer(run, f"xm{version}", "xm")
        run.prepare("Produce", 12, **producer.records())

        def ask(
            label: str, topic: str = "xm", version: int = version, producer: Producer = producer, **more: Any
        ) -> None:
            marker: dict[str, Any] = {
                "producer_id": producer.id,
                "producer_epoch": producer.epoch,
                "transaction_result": False,
                "coordinator_epoch": 0,
                "topics": [{"name": topic, "partition_indexes": [0, 9]}],
                **more,
            }
            run.ask(label, "WriteTxnMarkers", version, markers=[marker])

        if version >= 2:
            ask("the epoch is not later", transaction_version=2)
        ask("older epoch", producer_epoch=producer.epoch - 1)
        ask("absent topic", topic="absent")
        ask("aborted")
        ask("aborted again")
        ask("older coordinator", coordinator_epoch=-1)
        ask("unknown producer", producer_id=987_654)
        ask("offsets", topic="__consumer_offsets")
        run.ask("none", "WriteTxnMarkers", version, markers=[])


def queries(run: Run) -> None:
    producer = Producer(run, "xq-1")
    run.prepare("Produce", 12, **producer.records())
    for name in ("xq-1", "absent", ""):
        run.ask(name or "empty id", "DescribeTransactions", 0, transactional_ids=[name])
    for version in versions("ListTransactions"):

        def ask(label: str, version: int = version, **more: Any) -> None:
            run.ask(label, "ListTransactions", version, **more)

        ask("all")
        ask("ongoing", state_filters=["Ongoing"])
        ask("unknown states", state_filters=["ongoing", "Dead", "Empty", "What", "What"])
        ask("of a producer", producer_id_filters=[producer.id])
        ask("of nobody", producer_id_filters=[987_654])
        if version >= 1:
            ask("long ones", state_filters=["Ongoing"], duration_filter=3_600_000)
            ask("any duration", state_filters=["Ongoing"], duration_filter=0)
        if version >= 2:
            for pattern in ("xq-.*", "xq", "", "(", "(?=x)", r"\p{L}.*", "(?i)XQ-1"):
                ask(f"pattern {pattern!r}", transactional_id_pattern=pattern)
    for name in ("absent", "a b", ""):
        topics = [{"name": name, "partition_indexes": [0]}]
        run.ask(f"topic {name!r}", "DescribeProducers", 0, topics=topics)
    topics = [{"name": "xt", "partition_indexes": [0, 9, -1]}]
    run.ask("partitions that are absent", "DescribeProducers", 0, topics=topics)


def timeouts(run: Run) -> None:
    """What both kinds of client meet when their transaction took too long: real time, some ten seconds."""
    old, new = Producer(run, "xz-old"), Producer(run, "xz-new")
    for producer in (old, new):
        asked = {"transactional_id": producer.name, "transaction_timeout_ms": 500}
        producer.epoch = run.prepare("InitProducerId", 5, **asked)["producer_epoch"]
    run.prepare("AddPartitionsToTxn", 3, **old.adding())
    run.prepare("Produce", 11, **old.records())
    run.prepare("Produce", 12, **new.records())
    names = [old.name, new.name]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        described = run.prepare("DescribeTransactions", 0, transactional_ids=names)["transaction_states"]
        if all(state["transaction_state"] == "CompleteAbort" for state in described):
            break
        time.sleep(0.1)
    run.ask("timed out", "DescribeTransactions", 0, transactional_ids=names)
    run.ask("the old one writes", "Produce", 11, **old.records(1))
    run.ask("the new one writes", "Produce", 12, **new.records(1))
    for committed in (True, False):
        run.ask("the old one ends", "EndTxn", 4, **old.end(committed))
        run.ask("the new one ends", "EndTxn", 5, **new.end(committed))
    for producer in (old, new):
        fields = producer.names(transaction_timeout_ms=500)
        run.ask("goes on", "InitProducerId", 5, **fields)


def the_log(run: Run) -> None:
    """What the coordinator writes, step by step, for old clients and for new ones."""
    for bumps in (False, True):
        producer = Producer(run, f"xl{bumps}")
        if not bumps:
            run.prepare("AddPartitionsToTxn", 3, **producer.adding(1))
        run.prepare("Produce", 12 if bumps else 11, **producer.records(partition=1))
        run.prepare("EndTxn", 5 if bumps else 3, **producer.end(True))
        producer.rest()
        run.note_each(f"record of {producer.name}", of_transaction(run, producer.name))


def random_walks(run: Run) -> None:
    """Producers of one name, each in the place of the one before; old clients and new ones, by the dice."""
    run.await_coordinators()
    for seed in range(8):
        dice = random.Random(seed)
        topic = f"xv{seed}"
        run.create(topic, 2)
        lives = [Producer(run, topic, topic)]
        sequences: dict[tuple[int, int, int], int] = {}
        for _ in range(45):
            kind, committed, partition = dice.random(), dice.random() < 0.6, dice.randrange(2)
            if kind < 0.08:
                lives.append(Producer(run, topic, topic))
            producer = lives[-1] if dice.random() < 0.85 else dice.choice(lives)
            bumps = dice.random() < 0.6
            if kind < 0.2:
                run.ask("adds", "AddPartitionsToTxn", 3, **producer.adding(partition))
            elif kind < 0.55:
                place = producer.id, producer.epoch, partition
                fields = producer.records(sequences.get(place, 0), partition)
                answer = run.ask("writes", "Produce", 12 if bumps else 11, **fields)
                if not answer["responses"][0]["partition_responses"][0]["error_code"]:
                    sequences[place] = sequences.get(place, 0) + 1
            elif kind < 0.65:
                if not bumps:
                    run.ask("adds offsets", "AddOffsetsToTxn", 3, **producer.names(group_id=topic))
                run.ask("offsets", "TxnOffsetCommit", 5 if bumps else 3, **producer.offsets(topic))
            elif kind < 0.72:
                fields = producer.names(transaction_timeout_ms=60_000)
                answer = run.ask("goes on", "InitProducerId", 5, **fields)
                producer.rest()
                if not answer["error_code"]:
                    producer.id, producer.epoch = answer["producer_id"], answer["producer_epoch"]
            else:
                answer = run.ask("ends", "EndTxn", 5 if bumps else 3, **producer.end(committed))
                producer.rest()
                if bumps and not answer["error_code"] and dice.random() < 0.9:
                    producer.id, producer.epoch = answer["producer_id"], answer["producer_epoch"]
            run.ask("then", "DescribeTransactions", 0, transactional_ids=[topic])
        run.note_each(f"walk {seed}: its transactions", of_transaction(run, topic))
        run.note_each(f"walk {seed}: its offsets", of_group(run, topic))
        asked = [{"name": topic, "partition_indexes": [0, 1]}]
        run.ask(f"walk {seed}", "DescribeProducers", 0, topics=asked)
        for partition in range(2):
            run.note_each(f"walk {seed}: batches of {partition}", _batches(run, topic, partition))


def _batches(run: Run, topic: str, partition: int) -> list[dict[str, Any]]:
    asked = {
        "topic": topic,
        "partitions": [{"partition": partition, "fetch_offset": 0, "partition_max_bytes": 1 << 20}],
    }
    answer = run.prepare("Fetch", 12, max_wait_ms=0, min_bytes=0, max_bytes=1 << 20, topics=[asked])
    records = b64decode(answer["responses"][0]["partitions"][0]["records"] or "")
    return [_brief(view) for view in batches_in(records)]
