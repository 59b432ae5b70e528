"""What must hold between a broker's configs (Kafka: `GroupCoordinatorConfig`, `ShareGroupConfig`,
`KafkaConfig.validateValues`), when it starts and after every change at run time."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from mockbroker.config.in_force import InForce

__all__ = ["BrokenRule", "broken_rules"]

_MIB: Final = 1024 * 1024

_SIGNS: Final = {
    ">=": (operator.ge, "must be greater than or equal to"),
    "<=": (operator.le, "must be less than or equal to"),
    "<": (operator.lt, "must be less than"),
}


class BrokenRule(NamedTuple):
    """A rule that does not hold.

    Attributes:
        text: Kafka's words for it.
        names: the configs whose values break it.
        is_requirement: whether a broker says "requirement failed: " before the text.
    """

    text: str
    names: tuple[str, ...]
    is_requirement: bool = False


def broken_rules(settings: InForce) -> Iterator[BrokenRule]:
    """The rules that do not hold, in the order in which Kafka finds them."""
    yield from _broken_orders(settings)
    yield from _broken_log_rules(settings)
    yield from _broken_socket_rules(settings)


def _orders() -> Iterator[tuple[str, str, str]]:
    for kind in ("consumer", "share", "streams"):
        group = f"group.{kind}."
        for limited in ("heartbeat.interval.ms", "session.timeout.ms"):
            yield from _between(group, limited)
        yield f"{group}heartbeat.interval.ms", "<", f"{group}session.timeout.ms"
        yield from _between(group, "assignment.interval.ms")
    yield "group.streams.num.standby.replicas", "<=", "group.streams.max.standby.replicas"
    share = "group.share."
    for limited in ("delivery.count.limit", "partition.max.record.locks"):
        yield f"{share}max.{limited}", ">=", share + limited
        yield share + limited, ">=", f"{share}min.{limited}"
    lock = "record.lock.duration.ms"
    yield share + lock, ">=", f"{share}min.{lock}"
    yield f"{share}max.{lock}", ">=", share + lock
    yield "group.share.max.share.sessions", ">=", "group.share.max.size"


def _between(group: str, name: str) -> Iterator[tuple[str, str, str]]:
    low, high = f"{group}min.{name}", f"{group}max.{name}"
    yield high, ">=", low
    yield group + name, ">=", low
    yield group + name, "<=", high


def _broken_orders(settings: InForce) -> Iterator[BrokenRule]:
    for left, sign, right in _orders():
        if right.endswith(".min.heartbeat.interval.ms") and right not in settings.properties:
            # A test may want members to be heard of sooner than Kafka's own minimum allows.
            continue
        holds, words = _SIGNS[sign]
        if not holds(settings[left], settings[right]):
            yield BrokenRule(f"{left} {words} {right}", (left, right))
    assignors = settings["group.share.assignors"]
    if len(assignors) != 1:
        text = f"group.share.assignors must contain exactly one assignor, but found {len(assignors)}"
        yield BrokenRule(text, ("group.share.assignors",))
    if "classic" not in settings["group.coordinator.rebalance.protocols"]:
        text = "Disabling the 'classic' protocol is not supported."
        yield BrokenRule(text, ("group.coordinator.rebalance.protocols",))


def _broken_log_rules(settings: InForce) -> Iterator[BrokenRule]:
    defaults = settings.topic_defaults
    if defaults["segment.ms"] < 1:
        yield _required("log.roll.ms must be greater than or equal to 1", "log.roll.ms")
    if defaults["segment.jitter.ms"] < 0:
        yield _required("log.roll.jitter.ms must be greater than or equal to 0", "log.roll.jitter.ms")
    if defaults["retention.ms"] == 0:
        text = "log.retention.ms must be unlimited (-1) or, greater than or equal to 1"
        yield _required(text, "log.retention.ms", "log.retention.minutes", "log.retention.hours")
    threads, buffer = settings["log.cleaner.threads"], settings["log.cleaner.dedupe.buffer.size"]
    if threads == 0:
        yield BrokenRule("/ by zero", ("log.cleaner.threads",))
    elif buffer // threads <= _MIB:
        text = "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread."
        yield _required(text, "log.cleaner.dedupe.buffer.size", "log.cleaner.threads")
    wait = settings["replica.fetch.wait.max.ms"]
    if wait > settings["replica.socket.timeout.ms"]:
        text = (
            "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary "
            "socket timeouts"
        )
        yield _required(text, "replica.socket.timeout.ms", "replica.fetch.wait.max.ms")
    if wait > settings["replica.lag.time.max.ms"]:
        text = (
            "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent "
            "frequent changes in ISR"
        )
        yield _required(text, "replica.fetch.wait.max.ms", "replica.lag.time.max.ms")
    yield from _broken_cordons(settings)


def _broken_cordons(settings: InForce) -> Iterator[BrokenRule]:
    name = "cordoned.log.dirs"
    cordoned = settings[name]
    if not cordoned:
        return
    if "*" in cordoned:
        if len(cordoned) > 1:
            yield _required(f"When {name} is set to *, it must not contain other values", name)
        return
    known = settings["log.dirs"] or settings["log.dir"]
    missing = [directory for directory in cordoned if directory not in known]
    if missing:
        text = f"All entries in {name} must be present in log.dirs or log.dir. Missing entries : {', '.join(missing)}"
        yield _required(text, name, "log.dirs")


def _broken_socket_rules(settings: InForce) -> Iterator[BrokenRule]:
    queued, largest = settings["queued.max.request.bytes"], settings["socket.request.max.bytes"]
    if 0 < queued < largest:
        text = "queued.max.request.bytes must be larger or equal to socket.request.max.bytes"
        yield _required(text, "queued.max.request.bytes", "socket.request.max.bytes")
    overrides = "max.connections.per.ip.overrides"
    entries = [entry.strip() for entry in settings[overrides].split(",")] if settings[overrides] else []
    for entry in entries:
        if ":" not in entry:
            text = f"Error parsing configuration property '{overrides}': begin 0, end -1, length {len(entry)}"
            yield BrokenRule(text, (overrides,))
    if settings["max.connections.per.ip"] == 0 and not entries:
        text = f"max.connections.per.ip can be set to zero only if {overrides} property is set."
        yield _required(text, "max.connections.per.ip")
    addresses = [entry.rpartition(":")[0].strip() for entry in entries]
    invalid = [address for address in addresses if not re.fullmatch(r"[0-9a-zA-Z\-%._:]*", address)]
    if invalid:
        yield BrokenRule(f"{overrides} contains invalid addresses : {','.join(invalid)}", (overrides,))
    idle, delay = settings["connections.max.idle.ms"], settings["connection.failed.authentication.delay.ms"]
    if 0 <= idle <= delay:
        text = (
            f"connection.failed.authentication.delay.ms={delay} should always be less than "
            f"connections.max.idle.ms={idle} to prevent failed authentication responses from timing out"
        )
        yield _required(text, "connection.failed.authentication.delay.ms", "connections.max.idle.ms")


def _required(text: str, *names: str) -> BrokenRule:
    return BrokenRule(text, names, is_requirement=True)
