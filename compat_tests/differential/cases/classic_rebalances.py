"""Classic groups of several members, whose requests wait for one another: rebalances by a script, and by the dice."""

from __future__ import annotations

import random
import time
from typing import Any

from compat_tests.differential.cases.groups import classic_join, subscription
from compat_tests.differential.internal_logs import of_group
from compat_tests.differential.parked import ParkingPeer
from compat_tests.differential.runner import Run

_TOPIC = "rebalanced"
#: Whoever has no answer is taken to wait when so many seconds have passed without one, and the broker has meanwhile
#: answered as many other questions of the group: a machine that is busy takes longer.
_QUIET = 0.15
_QUESTIONS = 4
#: What is always answered.
_PROMPT = ("Heartbeat", "OffsetCommit", "LeaveGroup")
_ONE = [{"name": "range", "metadata": subscription(_TOPIC)}]
_OTHER = [{"name": "range", "metadata": subscription(_TOPIC, "other")}]
_BOTH = [*_ONE, {"name": "sticky", "metadata": subscription(_TOPIC)}]


class _Member:
    """A member of a group, on a connection of its own."""

    def __init__(self, group: _Group, name: str, version: int, instance_id: str | None = None) -> None:
        self.group = group
        self.name = name
        self.version = version
        self.instance_id = instance_id
        self.peer = ParkingPeer(group.run.peer.address)
        self.id = ""
        #: what each id that it had stands for.
        self.ids: dict[str, str] = {}
        self.generation = -1
        self.protocol: str | None = None
        self.leads: list[str] = []

    def join(self, protocols: Any = _ONE, **more: Any) -> None:
        asked = {"group_instance_id": self.instance_id} if self.instance_id else {}
        fields = classic_join(self.group.name, member_id=self.id, protocols=protocols, **asked, **more)
        self._send("JoinGroup", self.version, fields)

    def sync(self) -> None:
        given = [{"member_id": one, "assignment": self.group.names[one].encode()} for one in self.leads]
        fields = self._names("generation_id")
        if self.version >= 7:
            fields |= {"protocol_type": "consumer", "protocol_name": self.protocol}
        self._send("SyncGroup", 5 if self.version >= 7 else 3, {**fields, "assignments": given})

    def beat(self) -> None:
        self._send("Heartbeat", 4, self._names("generation_id"))

    def commit(self, offset: int) -> None:
        partition = {"partition_index": 0, "committed_offset": offset, "committed_metadata": ""}
        fields = self._names("generation_id_or_member_epoch")
        self._send("OffsetCommit", 9, {**fields, "topics": [{"name": _TOPIC, "partitions": [partition]}]})

    def leave(self) -> None:
        member = {"member_id": self.id, "group_instance_id": self.instance_id}
        self._send("LeaveGroup", 5, {"group_id": self.group.name, "members": [member]})

    def _names(self, generation: str) -> dict[str, Any]:
        fields = {"group_id": self.group.name, "member_id": self.id, generation: self.generation}
        return {**fields, "group_instance_id": self.instance_id} if self.instance_id else fields

    def _send(self, name: str, version: int, fields: dict[str, Any]) -> None:
        self.peer.send(name, version, fields)
        self.asked = f"{name} v{version}"

    def take(self) -> Any:
        """The answer, if there is one."""
        answer = self.peer.take(0.005)
        if answer is not None and self.asked.startswith("JoinGroup"):
            self._joined(answer)
        elif answer is not None and self.asked.startswith("LeaveGroup"):
            self.id, self.generation, self.leads = "", -1, []
        return answer

    def _joined(self, answer: Any) -> None:
        if answer["member_id"]:
            self.id = answer["member_id"]
            self.ids.setdefault(self.id, f"{self.name}-{len(self.ids)}")
            self.group.names |= self.ids
        if answer["error_code"]:
            self.leads = []
            return
        self.generation, self.protocol = answer["generation_id"], answer["protocol_name"]
        self.leads = [one["member_id"] for one in answer["members"]]


class _Group:
    """A group, and what its members' ids stand for: both brokers make them at random."""

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self.names: dict[str, str] = {}
        self.members: list[_Member] = []

    def member(self, name: str, version: int = 9, instance_id: str | None = None) -> _Member:
        self.members.append(_Member(self, name, version, instance_id))
        return self.members[-1]

    def settle(self) -> None:
        """Take all answers that come, until it is quiet, and note them in the order of the members."""
        answers: dict[_Member, Any] = {}
        questions, quiet_since = 0, time.monotonic()
        while any(one.peer.is_waiting for one in self.members):
            come = {one: answer for one in self.members if (answer := one.take()) is not None}
            answers |= come
            if come:
                questions, quiet_since = 0, time.monotonic()
            elif not any(one.peer.is_waiting and one.asked.startswith(_PROMPT) for one in self.members):
                if questions >= _QUESTIONS and time.monotonic() - quiet_since > _QUIET:
                    break
                self.run.prepare("DescribeGroups", 5, groups=[self.name])
                questions += 1
        for one in self.members:
            if one in answers:
                self.run.note(f"{one.asked} of {one.name} of {self.name}", self.named(answers[one]))
            elif one.peer.is_waiting:
                self.run.note(f"{one.asked} of {one.name} of {self.name}", "waits")

    def named(self, answer: Any) -> Any:
        """An answer with names in the place of member ids."""
        if isinstance(answer, dict):
            return {key: self.named(value) for key, value in answer.items()}
        if isinstance(answer, list):
            return [self.named(one) for one in answer]
        return self.names.get(answer, answer) if isinstance(answer, str) else answer

    def describe(self) -> None:
        answer = self.run.prepare("DescribeGroups", 5, groups=[self.name])
        self.run.note(f"{self.name} described", self.named(answer))

    def end(self) -> None:
        """Let everybody go, and note what was written."""
        for one in self.members:
            one.peer.close()
        leaving = [{"member_id": one.id} for one in self.members if one.id]
        self.run.prepare("LeaveGroup", 5, group_id=self.name, members=leaving)
        self.describe()
        self.run.note_each(f"records of {self.name}", self.named(of_group(self.run, self.name)))


def _formed(run: Run, name: str, version: int, *instances: str | None) -> _Group:
    """A stable group; its first member leads."""
    group = _Group(run, name)
    for number, instance_id in enumerate(instances):
        member = group.member(f"m{number}", version, instance_id)
        for _ in range(1 if instance_id else 2):
            member.join()
            group.settle()
        for other in group.members[:-1]:
            other.join()
            group.settle()
        for other in reversed(group.members):
            other.sync()
            group.settle()
    return group


def rebalances(run: Run) -> None:
    run.await_coordinators()
    run.create(_TOPIC, 3)
    for version in (4, 5, 7, 9):
        group = _formed(run, f"rb{version}", version, None, None, None)
        leader, second, third = group.members
        group.describe()
        second.join(_OTHER)
        group.settle()
        third.beat()
        group.settle()
        third.sync()
        group.settle()
        third.commit(1)
        group.settle()
        third.leave()
        group.settle()
        # Of several, which one leads next is left to chance.
        leader.leave()
        group.settle()
        second.join()
        group.settle()
        second.sync()
        group.settle()
        group.describe()
        group.end()


def static_leaders(run: Run) -> None:
    """A leader that comes back under another id, with the same protocols and with others (KIP-814)."""
    for version in (5, 8, 9):
        group = _formed(run, f"sl{version}", version, "a", "b")
        leader, follower = group.members
        leader.id, leader.generation = "", -1
        leader.join()
        group.settle()
        leader.sync()
        group.settle()
        follower.beat()
        group.settle()
        follower.id = ""
        follower.join()
        group.settle()
        follower.sync()
        group.settle()
        leader.beat()
        group.settle()
        leader.id = ""
        leader.join(_BOTH)
        group.settle()
        follower.join(_BOTH)
        group.settle()
        leader.beat()
        group.settle()
        group.describe()
        leader.join(_OTHER)
        group.settle()
        follower.id = ""
        follower.join(_OTHER)
        group.settle()
        again = group.member("again", version, "b")
        again.join(_OTHER)
        group.settle()
        group.describe()
        group.end()


def random_walks(run: Run) -> None:
    """Whoever does not wait does anything, but a leader never goes: which one follows it is left to chance."""
    for seed in range(6):
        dice = random.Random(seed)
        version = dice.choice([5, 7, 9])
        group = _formed(run, f"rw{seed}", version, None, "s", None)
        group.member("m3", version)
        group.member("m4", version, "t")
        for step in range(50):
            member = dice.choice(group.members)
            kind, protocols = dice.random(), dice.choice([_ONE, _ONE, _OTHER, _BOTH])
            if member.peer.is_waiting:
                continue
            leads = member is group.members[0]
            if kind < 0.4:
                if member.instance_id and dice.random() < 0.3:
                    member.id = ""
                member.join(protocols)
            elif kind < 0.65:
                member.sync()
            elif kind < 0.8:
                member.beat()
            elif kind < 0.93 or leads:
                member.commit(step)
            else:
                member.leave()
            group.settle()
        group.end()


def a_protocol_named_twice(run: Run) -> None:
    """Nobody agrees on it, so that the request fails that would have ended the rebalance."""
    once = [{"name": "range", "metadata": b"x"}]
    common: dict[str, Any] = {
        "group_id": "named-twice",
        "session_timeout_ms": 20000,
        "rebalance_timeout_ms": 3000,
        "protocol_type": "any",
    }
    member_id = run.ask("once", "JoinGroup", 3, **common, member_id="", protocols=once)["member_id"]
    named = {"group_id": "named-twice", "member_id": member_id}
    run.ask("once", "SyncGroup", 3, **named, generation_id=1, assignments=[])
    run.ask("again, twice", "JoinGroup", 3, **common, member_id=member_id, protocols=once * 2)
    for generation_id in (1, 2):
        run.ask(f"in generation {generation_id}", "Heartbeat", 3, **named, generation_id=generation_id)
    run.ask("of which", "DescribeGroups", 5, groups=["named-twice"])
    run.ask("again, once", "JoinGroup", 3, **common, member_id=member_id, protocols=once)
    run.ask("of it", "LeaveGroup", 2, **named)
