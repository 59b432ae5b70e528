"""Each effect of a fault reaches each client, which comes through or reports it, as a client of Kafka should."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from compat_tests.clients.harness import ClientProcess, CommandFailed, Family
from compat_tests.faults.cases import CASES, TOPIC, Case
from compat_tests.faults.results import note
from compat_tests.java_clients.harness import Jvm
from compat_tests.support.brokers import Broker
from compat_tests.support.golang import GoProgram
from mockbroker import MockCluster
from mockbroker.handles import FaultHandle

FOLDER = Path(__file__).parent.parent
_LONGEST = 90

#: What our own worker, or a general exception, puts around what a client says.
_WRAPPINGS = (r"^RuntimeError: \d+ records not sent; \['", r"ExecutionException: ", r"\b[a-z]+(\.[a-z]+)+\.")

#: Who comes through only when its metadata has grown old, which takes five minutes. kafka-python does not ask again
#: when a leader is not among the brokers: its sender fails on every turn with UnknownBrokerIdError.
PATIENT = {("kafka-python 3.0.12", "missing_broker")}

FAMILIES: dict[str, tuple[Family | GoProgram, str]] = {
    "confluent-kafka": (Family("confluent-kafka", FOLDER / "confluent_kafka" / "worker.py"), "2.16.1"),
    "kafka-python": (
        Family(
            "kafka-python",
            FOLDER / "kafka_python" / "worker.py",
            codecs=("lz4==4.4.4", "python-snappy==0.7.3", "zstandard==0.24.0"),
        ),
        "3.0.12",
    ),
    "aiokafka": (
        Family("aiokafka", FOLDER / "aiokafka" / "worker.py", codecs=("cramjam==2.11.0",)),
        "0.14.0",
    ),
    "franz-go": (GoProgram("github.com/twmb/franz-go", FOLDER / "franz_go"), "1.22.2"),
}


@pytest.fixture(scope="module")
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jvm]:
    shared = Jvm(tmp_path_factory.mktemp("java-clients"))
    yield shared
    shared.close()


@pytest.fixture
def kafka() -> Iterator[MockCluster]:
    with MockCluster(brokers=2, topics={TOPIC: 1}) as kafka:
        yield kafka


@pytest.fixture(params=["confluent-kafka", "kafka-python", "aiokafka", "Java", "franz-go"])
def client(
    request: pytest.FixtureRequest, kafka: MockCluster, tmp_path: Path
) -> Iterator[tuple[str, ClientProcess]]:
    """A client, and what it is called."""
    broker = Broker(kafka.bootstrap_servers)
    process: ClientProcess
    if request.param == "Java":
        process, version = request.getfixturevalue("jvm").start(broker, "java"), "4.3.1"
    else:
        family, version = FAMILIES[request.param]
        process = family.start(version, broker, tmp_path, request.param)
    yield f"{request.param} {version}", process
    process.close()


@pytest.mark.parametrize("name", CASES)
def test_what_the_client_makes_of_it(
    name: str, kafka: MockCluster, client: tuple[str, ClientProcess]
) -> None:
    case = CASES[name]
    title, process = client
    if case.reads:
        kafka.produce(TOPIC, b"v" * 200)
    fault = kafka.fault(**_fields(case, kafka))
    meanwhile = threading.Thread(target=_then, args=(case.then, kafka, fault))
    meanwhile.start()
    try:
        if (title, name) in PATIENT:
            with pytest.raises(AssertionError, match="not within 10 s"):
                _attempt(case, process, within=10)
            note(title, name, "still waits after 10 s")
            process.kill()
            return
        error = _attempt(case, process, within=45)
    finally:
        meanwhile.join()
    assert fault.hits > 0, "the fault did not befall it"
    note(title, name, _outcome(case, kafka, error))
    if case.is_fatal:
        assert error is not None
        assert kafka.records(TOPIC) == []
    else:
        assert error is None or case.is_fatal is None
        # The producer is idempotent: however often it was sent, it is there once.
        assert len(kafka.records(TOPIC)) == 1
        assert kafka.verify()


def _fields(case: Case, kafka: MockCluster) -> dict[str, Any]:
    """The fields of the fault, in this cluster."""
    leader = kafka.partition(TOPIC, 0).leader
    brokers = {"the leader": leader, "the other one": 3 - leader}
    metadata = {name: brokers[wanted] for name, wanted in case.fault.get("metadata", {}).items()}
    return {**case.fault, "metadata": metadata} if metadata else dict(case.fault)


def _then(
    then: Callable[[MockCluster, FaultHandle], object] | None, kafka: MockCluster, fault: FaultHandle
) -> None:
    if then is None:
        return
    deadline = time.monotonic() + 20
    while not fault.hits and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.5)
    then(kafka, fault)


def _attempt(case: Case, process: ClientProcess, within: float) -> str | None:
    """Have the client write or read one record; its error, if it has one."""
    options: dict[str, Any]
    if case.reads:
        verb, options = "read_from", {"topic": TOPIC, "partition": 0, "offset": 0, "count": 1}
    else:
        records = [{"key": "k", "value": "v"}]
        verb = "produce"
        options = {"topic": TOPIC, "records": records, "codec": None, "acks": "all", "idempotent": True}
    try:
        answer = process.ask(verb, within=within, **options)
    except CommandFailed as failure:
        return str(failure)
    assert len(answer) == 1
    return None


def _outcome(case: Case, kafka: MockCluster, error: str | None) -> str:
    if error is not None:
        said = error.splitlines()[0].partition("}: ")[2] or error.splitlines()[0]
        said = re.sub(r"\s+", " ", said).replace("|", "/")
        for wrapping in _WRAPPINGS:
            said = re.sub(wrapping, "", said)
        return f"reports: {said if len(said) <= _LONGEST else f'{said[:_LONGEST]}...'}"
    if case.reads:
        return "reads it"
    requests = len(kafka.journal("Produce"))
    return "writes it" if requests == 1 else f"writes it, with {requests} Produce"
