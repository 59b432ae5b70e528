"""A group coordinator on a told clock, and members that say what one test needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.coordinator import GroupCoordinator
from mockbroker.core.groups.requests import (
    CommitRequest,
    CommitTopic,
    FetchGroup,
    JoinRequest,
    LeavingMember,
    OffsetToCommit,
    SyncRequest,
    TopicPartitions,
)
from mockbroker.core.groups.results import JoinResult, SyncResult
from mockbroker.core.share.persister import Persister
from mockbroker.core.share.states import ShareStates
from mockbroker.core.waiting import Pending
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.embedded import build_blob
from protocol_specs.errors import ErrorCode
from tests.core.clusters import make_cluster

GROUP = "billing"
DELAY = 0.05
SESSION = 10.0
REBALANCE = 60.0


def subscription(*topics: str, version: int = 3) -> bytes:
    """A consumer's metadata."""
    message = CONSUMER_PROTOCOL_SUBSCRIPTION(topics=topics, user_data=None)
    return build_blob(CONSUMER_PROTOCOL_SUBSCRIPTION, version, message)


ORDERS = subscription("orders")


class Bench:
    """One cluster with its group coordinator, and shorthands for requests to it."""

    def __init__(self, brokers: int = 1, **settings: Any) -> None:
        given = {"group_initial_rebalance_delay_ms": int(DELAY * 1000), "offsets_topic_num_partitions": 4}
        self.cluster = make_cluster(brokers, **(given | settings))
        self.clock = self.cluster.clock
        self.waiting = self.cluster.waiting
        self.share_states = ShareStates(self.cluster)
        self.groups = GroupCoordinator(
            self.clock,
            self.waiting,
            self.cluster.rng,
            self.cluster.settings,
            self.cluster,
            persister=Persister(self.cluster, self.share_states),
        )
        self.cluster.create_topic("orders", partitions=3, replication_factor=min(brokers, 3))
        self.broker = self.groups.find_coordinator(GROUP)

    def group(self, group_id: str = GROUP) -> ClassicGroup:
        group = self.groups.find_group(group_id)
        assert isinstance(group, ClassicGroup)
        return group

    def ask_to_join(self, member_id: str = "", **changes: Any) -> JoinResult | Pending:
        """A JoinGroup as it is answered at once: a result, or a Pending."""
        request = JoinRequest(
            group_id=GROUP,
            member_id=member_id,
            protocol_type="consumer",
            protocols=(("range", ORDERS),),
            session_timeout_ms=int(SESSION * 1000),
            rebalance_timeout_ms=int(REBALANCE * 1000),
            version=9,
            client_id="app",
            client_host="127.0.0.1",
        )
        return self.groups.join_group(self.broker, request._replace(**changes))

    def refused_join(self, member_id: str = "", **changes: Any) -> JoinResult:
        result = self.ask_to_join(member_id, **changes)
        assert isinstance(result, JoinResult)
        return result

    def start_join(self, member_id: str = "", **changes: Any) -> Pending:
        """A JoinGroup that waits; a new dynamic member fetches its id first."""
        if not member_id and changes.get("group_instance_id") is None and changes.get("version", 9) >= 4:
            member_id = self.refused_join(**changes).member_id
        pending = self.ask_to_join(member_id, **changes)
        assert isinstance(pending, Pending)
        return pending

    def ask_to_sync(self, member_id: str, generation_id: int = 1, **changes: Any) -> SyncResult | Pending:
        request = SyncRequest(
            GROUP, generation_id, member_id, 5, None, "consumer", changes.pop("protocol_name", "range")
        )
        return self.groups.sync_group(self.broker, request._replace(**changes))

    def heartbeat(self, member_id: str, generation_id: int = 1, instance_id: str | None = None) -> ErrorCode:
        return self.groups.heartbeat(self.broker, GROUP, generation_id, member_id, instance_id)

    def leave(self, *members: str | tuple[str, str]) -> list[ErrorCode]:
        """Members by id, or by id and instance id."""
        leaving = [LeavingMember(*((member,) if isinstance(member, str) else member)) for member in members]
        result = self.groups.leave_group(self.broker, GROUP, leaving)
        assert not isinstance(result, Pending)
        assert not result.error_code
        return [member.error_code for member in result.members]

    def commit(self, offset: int = 5, **changes: Any) -> ErrorCode:
        """Commit one offset of orders-0."""
        partition = OffsetToCommit(0, offset, changes.pop("leader_epoch", -1), changes.pop("metadata", ""))
        request = CommitRequest(GROUP, [CommitTopic(changes.pop("topic", "orders"), [partition])], 9)
        topics = self.groups.commit_offsets(self.broker, request._replace(**changes))
        assert not isinstance(topics, Pending)
        [topic] = topics
        [(_, error)] = topic.partitions
        return error

    def fetched(
        self, *partitions: int, topic: str = "orders", group: str = GROUP, require_stable: bool = False
    ) -> list[int | ErrorCode]:
        """The committed offsets of these partitions, or why there are none."""
        asked = FetchGroup(group, [TopicPartitions(topic, partitions or (0,))])
        fetched = self.groups.fetch_offsets(self.broker, [asked], 9, require_stable=require_stable)
        assert not isinstance(fetched, Pending)
        [answer] = fetched
        if answer.error_code:
            return [answer.error_code]
        [found] = answer.topics
        return [each.error_code or each.offset for each in found.partitions]

    def stable_group(self, size: int = 2, **changes: Any) -> list[str]:
        """A stable group, generation 1; gives the member ids, the leader's first."""
        joins = [self.start_join(**changes) for _ in range(size)]
        # Whoever joins extends the initial delay.
        self.clock.advance(DELAY * (size + 1))
        return self.finish_rebalance(joins)

    def finish_rebalance(self, joins: Sequence[JoinResult | Pending]) -> list[str]:
        """All have joined: the leader assigns everybody their own id."""
        results: list[JoinResult] = [reply(join) for join in joins]
        assert not any(result.error_code for result in results)
        generation = results[0].generation_id
        results.sort(key=lambda result: result.member_id != result.leader)
        for result in reversed(results):
            assignments = [(member.member_id, member.member_id.encode()) for member in result.members]
            self.ask_to_sync(
                result.member_id,
                generation,
                assignments=assignments,
                protocol_type=result.protocol_type,
                protocol_name=result.protocol_name,
            )
        assert self.group().state_name == "Stable"
        return [result.member_id for result in results]


def reply(pending: JoinResult | SyncResult | Pending) -> Any:
    """What a request was answered, at once or by now."""
    if isinstance(pending, Pending):
        assert pending.is_settled
        return pending.reply
    return pending


def error_of(answer: Any) -> ErrorCode | str:
    """The error code of an answer, or "waits"."""
    if isinstance(answer, Pending):
        if not answer.is_settled:
            return "waits"
        answer = answer.reply
    code: ErrorCode = answer if isinstance(answer, ErrorCode) else answer.error_code
    return code
