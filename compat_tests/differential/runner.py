"""Runs the cases against two brokers, and tells what differed."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from compat_tests.differential.normal import Normaliser, differences
from compat_tests.differential.peer import Peer
from mockbroker.profiles import KAFKA_4_3, Profile
from mockbroker.releases import profile_of
from protocol_specs import api_named
from protocol_specs.text import uuid_bytes

__all__ = ["Case", "Outcome", "Run", "compare", "has_config", "per_api", "use_release", "versions"]

#: Of odd requests many are not answered at all. In seconds.
_PATIENCE = 2.0
_in_use: list[Profile] = [KAFKA_4_3]


def use_release(release: str) -> None:
    """Compare the versions of another release than the newest one.

    Raises:
        ValueError: it cannot be emulated.
    """
    _in_use[0] = profile_of(release)


def versions(name: str) -> range:
    """Every version of an API that the release in use serves, 4.3.1 unless `use_release` said otherwise."""
    return _in_use[0].served(api_named(name).key)


def has_config(name: str) -> bool:
    """Whether groups of the release in use have a config."""
    return name in _in_use[0].catalog.group


class Run:
    """One case against one broker: what it asks is answered, and noted under its label."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.answers: list[tuple[str, Any]] = []

    def ask(self, label: str, name: str, version: int, **values: Any) -> Any:
        """Send a request and note the answer; gives it, as plain data."""
        answer = self.peer.ask(name, version, values)
        self.answers.append((f"{name} v{version}: {label}", answer))
        return answer

    def tell(self, label: str, name: str, version: int, **values: Any) -> None:
        """Send a request that is not answered, and note whether the connection lives."""
        self.answers.append((f"{name} v{version}: {label}", self.peer.tell(name, version, values)))

    def ask_bytes(
        self, label: str, name: str, version: int, body: bytes, *, patience: float = _PATIENCE
    ) -> Any:
        """Send a request whose body is given as bytes, and note the answer, or that there was none for a while."""
        answer = self.peer.ask_bytes(name, version, body, timeout=patience)
        self.answers.append((f"{name} v{version}: {label}", answer))
        return answer

    def ask_frame(self, label: str, name: str, version: int, frame: bytes) -> None:
        """Send a frame, header and all, to be answered in this version if at all, and note the answer."""
        answer = self.peer.ask_frame(frame, timeout=_PATIENCE)
        if not isinstance(answer, str):
            answer = self.peer.decode(api_named(name), version, answer)
        self.answers.append((f"{name} v{version}: {label}", answer))

    def ask_key(self, label: str, key: int, frame: bytes, *, length: int | None = None) -> None:
        """Send a frame to which nobody knows an answer, and note the bytes of the one that comes, if any."""
        answer = self.peer.ask_frame(frame, length=length, timeout=_PATIENCE)
        self.answers.append((f"key {key}: {label}", answer if isinstance(answer, str) else answer.hex()))

    def prepare(self, name: str, version: int, **values: Any) -> Any:
        """Send a request whose answer is not compared."""
        return self.peer.ask(name, version, values)

    def create(self, name: str, partitions: int = 1, /, **configs: str) -> bytes:
        """Create a topic, wait until the broker knows it, and give its id; dots in config names are underscores."""
        given = [{"name": key.replace("_", "."), "value": value} for key, value in configs.items()]
        topic = {"name": name, "num_partitions": partitions, "replication_factor": 1, "configs": given}
        answer = self.prepare("CreateTopics", 7, topics=[topic], timeout_ms=5000)["topics"][0]
        if answer["error_code"]:
            raise AssertionError(f"{name} was not created: {answer}")
        self.await_topic(name)
        return uuid_bytes(answer["topic_id"])

    def await_topic(self, name: str) -> None:
        """Wait until the broker knows a topic, with leaders: a real one learns it from its controller."""
        self._wait(lambda: self._is_led(name), name)

    def await_coordinators(self) -> None:
        """Wait until the coordinators of a fresh cluster are there."""
        for kind in (0, 1):
            self._wait(partial(self._is_found, kind), f"coordinator of kind {kind}")

        asked: dict[str, Any] = {"transactional_id": None, "transaction_timeout_ms": 1000}
        self._wait(lambda: not self.prepare("InitProducerId", 4, **asked)["error_code"], "producer ids")

    def _is_found(self, kind: int) -> bool:
        found = self.prepare("FindCoordinator", 4, key_type=kind, coordinator_keys=["warm-up"])
        return not found["coordinators"][0]["error_code"]

    def _is_led(self, name: str) -> bool:
        asked: dict[str, Any] = {"topics": [{"name": name}], "allow_auto_topic_creation": False}
        topic = self.prepare("Metadata", 12, **asked)["topics"][0]
        if topic["error_code"] or any(one["error_code"] for one in topic["partitions"]):
            return False
        wanted = [{"partition_index": one["partition_index"], "timestamp": -1} for one in topic["partitions"]]
        found = self.prepare("ListOffsets", 7, replica_id=-1, topics=[{"name": name, "partitions": wanted}])
        return all(not one["error_code"] for one in found["topics"][0]["partitions"])

    @staticmethod
    def _wait(done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 20
        while not done():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}")
            time.sleep(0.02)

    def settled(self, done: Callable[[], bool], what: str) -> None:
        """Wait until the broker has taken over a change: a real one learns of it from its controller."""
        self._wait(done, what)

    def note(self, label: str, value: Any) -> None:
        """Note something else that is to be compared."""
        self.answers.append((label, value))

    def note_each(self, label: str, values: Iterable[Any]) -> None:
        """Note what is to be compared in its order: within one value the order of lists is not."""
        for number, value in enumerate(values, 1):
            self.note(f"{label}, {number}", value)


Case = Callable[[Run], None]
_FAILED = "the case failed: "
_VERSION = re.compile(r"(\w+ v)(\d+)(: .*)", re.DOTALL)


@dataclass
class Outcome:
    """What a comparison came to."""

    compared: int = 0
    equal: int = 0
    different: list[tuple[str, list[str]]] = field(default_factory=list)
    compared_by_api: Counter[str] = field(default_factory=Counter)
    equal_by_api: Counter[str] = field(default_factory=Counter)

    def note(self, label: str, lines: list[str]) -> None:
        """One answer was compared; the lines say what differs."""
        matched = _VERSION.match(label)
        api = matched[1].removesuffix(" v") if matched else ""
        self.compared += 1
        self.compared_by_api[api] += 1
        if lines:
            self.different.append((label, lines))
        else:
            self.equal += 1
            self.equal_by_api[api] += 1

    def lines(self) -> Iterator[str]:
        """What differs, once for all versions in which it does, and the sum."""
        alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
        for label, lines in self.different:
            matched = _VERSION.match(label)
            name, version, rest = matched.groups() if matched else (label, "", "")
            alike.setdefault((name, rest, tuple(lines)), []).append(version)
        for (name, rest, told), found in alike.items():
            yield f"{name}{','.join(found)}{rest}"
            for line in told[:8]:
                yield f"    {line}"
            if len(told) > 8:
                yield f"    and {len(told) - 8} more"
        yield f"{self.compared} compared, {self.equal} equal, {len(self.different)} different"


def per_api(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """For each API, how many answers were compared, in all versions, and how many were equal."""
    compared, equal = Counter[str](), Counter[str]()
    for outcome in outcomes:
        compared += outcome.compared_by_api
        equal += outcome.equal_by_api
    for api, count in sorted(compared.items()):
        yield f"{api or '(other)':30} {count:6} compared {equal[api]:6} equal"
    yield f"{'all':30} {compared.total():6} compared {equal.total():6} equal"


def _go(case: Case, run: Run) -> None:
    try:
        case(run)
    except Exception as error:
        run.note(f"{case.__module__}.{case.__name__}", f"{_FAILED}{error!r}")


def compare(cases: Iterable[Case], theirs: Peer, ours: Peer) -> Outcome:
    """Run every case against both, and compare answer by answer."""
    outcome = Outcome()
    for case in cases:
        normal = Normaliser(), Normaliser()
        runs = Run(theirs), Run(ours)
        with ThreadPoolExecutor(2) as both:
            list(both.map(partial(_go, case), runs))
        for (label, one), (other_label, other) in zip(runs[0].answers, runs[1].answers, strict=False):
            if getattr(case, "each_alone", False):
                normal = Normaliser(case.__name__), Normaliser(case.__name__)
            lines = differences(normal[0](one), normal[1](other))
            if label != other_label:
                lines = [f"after this the two went different ways: {other_label}"]
                lines += [text for text in (one, other) if isinstance(text, str) and text.startswith(_FAILED)]
            elif isinstance(one, str) and one.startswith(_FAILED):
                # Also where both fail in one way: then nothing behind it was compared.
                lines = [one]
            outcome.note(label, lines)
        missing = abs(len(runs[0].answers) - len(runs[1].answers))
        if missing:
            outcome.compared += missing
            outcome.compared_by_api[case.__name__] += missing
            outcome.different.append((case.__name__, [f"{missing} answers have no counterpart"]))
    return outcome
