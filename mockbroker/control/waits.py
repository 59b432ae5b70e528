"""Waiting until something is so, as the brokers see it.

Rules kept here:

- A condition is looked at when something may have changed: after each request, alarm and control call, and when
  somebody connects or leaves. Nothing sleeps and looks again.
- The time allowed is real time, whatever the brokers' clock does.
- A wait that fails says what was waited for, what the state is, and which requests last had to do with it.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.control.entries import Entry
from mockbroker.control.exchange import Exchange
from mockbroker.control.problems import BadField
from mockbroker.control.query import Query, query
from protocol_specs.errors import KafkaError

if TYPE_CHECKING:
    from mockbroker.control.commands import Commands
    from mockbroker.control.inspection import Inspection
    from mockbroker.control.journal import Journal
    from mockbroker.control.views import GroupState

__all__ = ["DEFAULT_TIMEOUT", "Wait", "WaitTimeout", "Waits", "Watch"]

#: Seconds.
DEFAULT_TIMEOUT = 10.0

_SHOWN = 10

_GROUP_APIS = (
    "JoinGroup",
    "SyncGroup",
    "Heartbeat",
    "LeaveGroup",
    "ConsumerGroupHeartbeat",
    "ShareGroupHeartbeat",
    "StreamsGroupHeartbeat",
    "OffsetCommit",
    "TxnOffsetCommit",
)
_TRANSACTION_APIS = (
    "InitProducerId",
    "AddPartitionsToTxn",
    "AddOffsetsToTxn",
    "TxnOffsetCommit",
    "EndTxn",
    "Produce",
)


class WaitTimeout(TimeoutError):
    """What was waited for has not come in time."""


class Wait(NamedTuple):
    """Something to wait for.

    Attributes:
        what: in words.
        check: gives what is waited for, or None while it is not so.
        state: what is so instead, in words.
        related: which exchanges have to do with it.
    """

    what: str
    check: Callable[[], Any]
    state: Callable[[], str]
    related: Query


class Watch:
    """A wait that goes on.

    Args:
        on_end: told once, with the result or the exception that `check` raised.
    """

    def __init__(
        self,
        wait: Wait,
        watchers: list[Callable[[], object]],
        on_end: Callable[[Any, BaseException | None], object],
    ) -> None:
        self._wait = wait
        self._watchers = watchers
        self._on_end = on_end
        self._has_ended = False

    def begin(self) -> None:
        """Look, and go on looking if need be."""
        self._watchers.append(self._look)
        self._look()

    def end(self) -> None:
        """Look no more. Harmless when it has ended."""
        self._has_ended = True
        if self._look in self._watchers:
            self._watchers.remove(self._look)

    def _look(self) -> None:
        if self._has_ended:
            return
        try:
            found, error = self._wait.check(), None
        except Exception as raised:
            found, error = None, raised
        if found is not None or error is not None:
            self.end()
            self._on_end(found, error)


class Waits:
    """What can be waited for in one cluster."""

    def __init__(self, commands: Commands, inspection: Inspection, journal: Journal) -> None:
        self._commands = commands
        self._inspection = inspection
        self._journal = journal

    def timeout(self, wait: Wait, seconds: float) -> WaitTimeout:
        """The error of a wait that has failed."""
        lines = [f"waited {seconds:g} s for {wait.what}", f"  now: {wait.state()}"]
        last = self._journal.exchanges(wait.related._replace(limit=_SHOWN))
        if last:
            lines.append("  the last requests about it:")
            lines += [f"    {exchange}" for exchange in last]
        else:
            lines.append("  no request was about it; the last ones were:")
            lines += [f"    {exchange}" for exchange in self._journal.last(_SHOWN)] or ["    none"]
        return WaitTimeout("\n".join(lines))

    def group(
        self, group_id: str, *, state: str | None = None, members: int | None = None, type: str | None = None
    ) -> Wait:
        """Until a group is in a state, has so many members, and is of a type; gives the `GroupState`."""
        wanted = {"state": state, "members": members, "type": type}
        words = [f"{name} {value}" for name, value in wanted.items() if value is not None]
        if not words:
            raise BadField("state", "what is the group to be?", wanted)

        def check() -> GroupState | None:
            group = self._inspection.group(group_id)
            is_so = (
                (state is None or group.state.lower() == state.lower())
                and (members is None or len(group.members) == members)
                and (type is None or group.type == type)
            )
            return group if is_so else None

        return Wait(
            f"group {group_id!r} with {', '.join(words)}",
            check,
            lambda: _group_in_words(self._inspection.group(group_id)),
            query(_GROUP_APIS, group=group_id),
        )

    def committed(
        self, group_id: str, topic: str, *, to: int | str = "end", partition: int | None = None
    ) -> Wait:
        """Until a group has committed as far as an offset, or the end, in one partition or all that have records.

        It gives the committed offsets.
        """
        if to != "end" and (isinstance(to, bool) or not isinstance(to, int)):
            raise BadField("to", f'must be an offset or "end", not {to!r}')

        def lacking() -> dict[int, tuple[int | None, int]]:
            committed = self._inspection.committed(group_id)
            found: dict[int, tuple[int | None, int]] = {}
            for index in self._partitions(topic, partition):
                state = self._commands.partition(topic, index)
                wanted = state.high_watermark if to == "end" else int(to)
                is_due = partition is not None or state.high_watermark > state.log_start_offset
                offset = committed[topic, index].offset if (topic, index) in committed else None
                if is_due and (offset is None or offset < wanted) and wanted > 0:
                    found[index] = offset, wanted
            return found

        def state() -> str:
            missing = [
                f"{topic}-{index}: {'nothing' if offset is None else offset} of {wanted}"
                for index, (offset, wanted) in lacking().items()
            ]
            return f"{', '.join(missing) or 'all committed'}; {self._group_words(group_id)}"

        where = topic if partition is None else f"{topic}-{partition}"
        return Wait(
            f"group {group_id!r} to have committed {where} to {to}",
            lambda: None if lacking() else self._inspection.committed(group_id),
            state,
            query(("OffsetCommit", "TxnOffsetCommit"), group=group_id),
        )

    def requests(self, count: int, **conditions: Any) -> Wait:
        """Until so many requests were seen since the journal was last cleared; gives the exchanges.

        Args:
            conditions: see `query`.
        """
        wanted = query(**conditions)
        words = ", ".join(f"{name}={value!r}" for name, value in conditions.items())
        tally = _Tally(self._journal, wanted)
        return Wait(
            f"{count} requests with {words}" if words else f"{count} requests",
            lambda: self._journal.exchanges(wanted) if tally.count() >= count else None,
            lambda: f"{tally.count()} were seen",
            wanted,
        )

    def records(self, topic: str, count: int, *, partition: int | None = None) -> Wait:
        """Until a topic, or a partition, holds so many records below the high watermark; gives them."""

        def found() -> list[Any]:
            try:
                return self._commands.records(topic, partition)
            except KafkaError:
                return []

        def check() -> list[Any] | None:
            if self._offsets(topic, partition) < count:
                return None  # There are no more records than offsets, and offsets are cheaper to count.
            records = found()
            return records if len(records) >= count else None

        where = topic if partition is None else f"{topic}-{partition}"
        return Wait(
            f"{count} records in {where}",
            check,
            lambda: f"{len(found())} are there",
            query("Produce", topic=topic, partition=partition),
        )

    def connections(
        self,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        client_id: str | None = None,
        broker: int | None = None,
    ) -> Wait:
        """Until so many connections are open, of clients whose id is like `client_id`; gives them."""
        if at_least is None and at_most is None:
            raise BadField("at_least", "how many connections are there to be?", ("at_least", "at_most"))

        def found() -> list[Any]:
            return [
                each
                for each in self._inspection.connections()
                if (client_id is None or fnmatchcase(each.client_id or "", client_id))
                and (broker is None or each.broker == broker)
            ]

        def check() -> list[Any] | None:
            open_now = found()
            is_so = (at_least is None or len(open_now) >= at_least) and (
                at_most is None or len(open_now) <= at_most
            )
            return open_now if is_so else None

        bounds = [f"at least {at_least}"] if at_least is not None else []
        bounds += [f"at most {at_most}"] if at_most is not None else []
        return Wait(
            f"{' and '.join(bounds)} connections{'' if client_id is None else f' of {client_id!r}'}",
            check,
            lambda: f"{len(found())} are open",
            query(client_id=client_id, broker=broker),
        )

    def transaction(self, transactional_id: str, *, state: str) -> Wait:
        """Until a transactional id is in a state: "Ongoing", "CompleteCommit" ...; gives the `TransactionState`."""

        def check() -> Any:
            found = self._inspection.transaction(transactional_id)
            return found if found is not None and found.state.lower() == state.lower() else None

        def now() -> str:
            found = self._inspection.transaction(transactional_id)
            return "there is no such id" if found is None else f"it is {found.state}"

        return Wait(
            f"transaction {transactional_id!r} in state {state}",
            check,
            now,
            query(_TRANSACTION_APIS, transactional_id=transactional_id),
        )

    def partition(
        self,
        topic: str,
        partition: int,
        *,
        isr: list[int] | int | None = None,
        leader: int | None = None,
        high_watermark: int | None = None,
    ) -> Wait:
        """Until a partition has these in-sync replicas, or so many, this leader, or this much that is safe."""
        wanted = {"isr": isr, "leader": leader, "high_watermark": high_watermark}
        words = [f"{name} {value}" for name, value in wanted.items() if value is not None]
        if not words:
            raise BadField("isr", "what is the partition to be?", wanted)

        def check() -> Any:
            found = self._commands.partition(topic, partition)
            in_sync = isr is None or (
                len(found.isr) == isr if isinstance(isr, int) else set(found.isr) == set(isr)
            )
            is_so = (
                in_sync
                and (leader is None or found.leader == leader)
                and (high_watermark is None or found.high_watermark >= high_watermark)
            )
            return found if is_so else None

        def now() -> str:
            found = self._commands.partition(topic, partition)
            return f"leader {found.leader}, isr {found.isr}, high watermark {found.high_watermark}"

        return Wait(
            f"{topic}-{partition} with {', '.join(words)}",
            check,
            now,
            query(topic=topic, partition=partition),
        )

    def _offsets(self, topic: str, partition: int | None) -> int:
        """How many offsets there are below the high watermark."""
        try:
            states = [self._commands.partition(topic, index) for index in self._partitions(topic, partition)]
        except KafkaError:
            return 0
        return sum(state.high_watermark - state.log_start_offset for state in states)

    def _partitions(self, topic: str, partition: int | None) -> list[int]:
        if partition is not None:
            return [partition]
        return list(range(self._commands.topics().get(topic, 0)))

    def _group_words(self, group_id: str) -> str:
        return _group_in_words(self._inspection.group(group_id))


class _Tally:
    """How many exchanges a query finds, counted as they come."""

    def __init__(self, journal: Journal, wanted: Query) -> None:
        self._journal = journal
        self._wanted = wanted
        self._next = wanted.since
        self._count = 0
        #: Those that may yet be found, when their answer is there.
        self._undecided: list[tuple[int, Entry]] = []

    def count(self) -> int:
        fresh = [*self._undecided, *self._journal.entries(self._next)]
        self._next = max(self._next, self._journal.total)
        self._undecided = []
        for number, entry in fresh:
            if self._wanted.may_match(entry):
                exchange = Exchange(number, entry, self._journal.names)
                if self._wanted.matches(exchange):
                    self._count += 1
                elif not exchange.is_answered:
                    self._undecided.append((number, entry))
        return self._count


def _group_in_words(group: GroupState) -> str:
    members = ", ".join(
        f"{member.client_id or member.member_id} with "
        f"{', '.join(f'{topic}-{index}' for topic, index in member.assignment) or 'nothing'}"
        for member in group.members
    )
    return f"group {group.group_id!r} is {group.state} with {len(group.members)} members{members and f' ({members})'}"
