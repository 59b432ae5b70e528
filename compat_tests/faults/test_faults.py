"""Each effect of a fault reaches each client, which comes through or reports it, as a client of Kafka should."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from compat_tests.clients.harness import ClientProcess, CommandFailed
from compat_tests.faults.cases import CASES, Case
from compat_tests.faults.programs import Chosen
from compat_tests.faults.results import note, short
from compat_tests.faults.steps import GROUP, TOPIC, TRANSACTIONAL_ID
from compat_tests.support.processes import poll
from mockbroker import MockCluster
from mockbroker.handles import FaultHandle

#: Seconds after which a client that says nothing is taken to wait for ever.
_PATIENCE = 10

_CASES = [pytest.param(name, marks=pytest.mark.full if case.is_full else ()) for name, case in CASES.items()]


@pytest.fixture
def kafka() -> Iterator[MockCluster]:
    with MockCluster(brokers=2, topics={TOPIC: 1}) as kafka:
        yield kafka


@pytest.mark.parametrize("name", _CASES)
def test_what_the_client_makes_of_it(name: str, kafka: MockCluster, client: Chosen) -> None:
    case = CASES[name]
    for size in _beforehand(case):
        kafka.produce(TOPIC, b"v" * size)
    if case.first is not None:
        case.first(kafka)
    fault = kafka.fault(**_fields(case, kafka))
    meanwhile = threading.Thread(target=_then, args=(case, kafka, fault))
    meanwhile.start()
    began = time.monotonic()
    try:
        if client.name in case.waits:
            with pytest.raises(AssertionError, match=f"not within {_PATIENCE} s"):
                _attempt(case, client.process, within=_PATIENCE)
            client.process.kill()
            note(client, name, f"still waits after {_PATIENCE} s")
            return
        error = _attempt(case, client.process, within=45)
        lasted = time.monotonic() - began
    finally:
        meanwhile.join()
    assert fault.hits > 0, "the fault did not befall it"
    expected = case.reports.get(client.name, case.reports.get(""))
    if expected is None:
        assert error is None
    else:
        assert error is not None
        assert re.search(expected, error)
    _check(case, kafka, is_fatal=error is not None, lasted=lasted)
    again = _again(case, client) if error is not None and case.does == "read" else ""
    note(client, name, _outcome(case, kafka, error) + again)


def _again(case: Case, client: Chosen) -> str:
    """The fault is over: what the client fetches now is right."""
    if client.name in case.stuck:
        with pytest.raises(AssertionError, match="not within 4 s"):
            _attempt(case, client.process, within=4)
        client.process.kill()
        return ", and does not return when asked again"
    poll(lambda: _attempt(case, client.process, within=45) is None or None, within=20, what="reading again")
    return ", and reads it when asked again"


def _check(case: Case, kafka: MockCluster, is_fatal: bool, lasted: float) -> None:
    """What is in the topic and in the journal."""
    held = len(_beforehand(case))
    written = 1 if case.does in ("write", "transact") and not is_fatal else 0
    # The producer is idempotent: however often it was sent, it is there once.
    assert len(kafka.records(TOPIC)) == (held + written if case.left is None else case.left)
    assert kafka.verify()
    assert {exchange.fault for exchange in kafka.journal(faulted=True)}
    if not is_fatal:
        assert lasted >= case.takes
        for check in case.checks:
            check(kafka)


def _beforehand(case: Case) -> tuple[int, ...]:
    """The sizes of the records that are there before the client begins."""
    if case.values is not None:
        return case.values
    return (200,) if case.does in ("read", "consume") else ()


def _fields(case: Case, kafka: MockCluster) -> dict[str, Any]:
    """The fields of the fault, in this cluster."""
    leader = kafka.partition(TOPIC, 0).leader
    brokers = {"the leader": leader, "the other one": 3 - leader}

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {brokers.get(name, name): named(inner) for name, inner in value.items()}
        return brokers.get(value, value) if isinstance(value, str) else value

    return {name: named(value) for name, value in case.fault.items()}


def _then(case: Case, kafka: MockCluster, fault: FaultHandle) -> None:
    if case.then is None:
        return
    deadline = time.monotonic() + 20
    while not fault.hits and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.5)
    case.then(kafka, fault)


def _attempt(case: Case, process: ClientProcess, within: float) -> str | None:
    """Have the client do what it is to do; its error, if it has one."""
    try:
        _DEEDS[case.does](case, process, within)
    except CommandFailed as failure:
        return str(failure)
    return None


def _write(case: Case, process: ClientProcess, within: float) -> None:
    options: dict[str, Any] = {"codec": None, "acks": "all", "idempotent": True}
    records = [{"key": "k", "value": "v"}]
    assert len(process.ask("produce", within=within, topic=TOPIC, records=records, **options)) == 1


def _read(case: Case, process: ClientProcess, within: float) -> None:
    offsets = case.offsets or tuple(range(len(_beforehand(case))))
    records = process.ask(
        "read_from", within=within, topic=TOPIC, partition=0, offset=0, count=offsets[-1] + 1
    )
    if tuple(record["offset"] for record in records) != offsets:
        raise CommandFailed(f"reads {[record['offset'] for record in records]}")


def _consume(case: Case, process: ClientProcess, within: float) -> None:
    process.ask("join", within=within, topic=TOPIC, group=GROUP, session_timeout_ms=6000)
    (record,) = process.wait_for_records(1, within=within)
    assert record["offset"] == 0
    assert process.ask("commit", within=within) == {"0": 1}
    process.ask("leave", within=within)


def _create(case: Case, process: ClientProcess, within: float) -> None:
    process.ask("create_topic", within=within, topic="another", partitions=1)


def _transact(case: Case, process: ClientProcess, within: float) -> None:
    records = [{"key": "k", "value": "v", "partition": 0}]
    names = {"topic": TOPIC, "transactional_id": TRANSACTIONAL_ID}
    process.ask("send_in_transaction", within=within, records=records, **names)
    process.ask("end_transaction", within=within, commit=True)


_DEEDS = {"write": _write, "read": _read, "consume": _consume, "create": _create, "transact": _transact}
_DONE = {
    "write": "writes it",
    "read": "reads it",
    "consume": "reads and commits",
    "create": "creates it",
    "transact": "commits",
}


def _outcome(case: Case, kafka: MockCluster, error: str | None) -> str:
    if error is not None:
        return f"reports: {short(error)}"
    requests = len(kafka.journal("Produce"))
    return _DONE[case.does] if requests <= 1 else f"{_DONE[case.does]}, with {requests} Produce"
