"""The broker as faults see it: who answers, and what clients' ids stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from mockbroker.control.asked import Asked, Fetched
from mockbroker.core.waiting import Pending
from mockbroker.routing import Route, refuse
from protocol_specs.errors import KafkaError

_SHARE_FETCH = 78

if TYPE_CHECKING:
    from mockbroker.control.entries import Entry
    from mockbroker.core.assembly import Core
    from mockbroker.core.replicas import Partition
    from mockbroker.handlers.call import Call

__all__ = ["ExchangeAmidFaults", "TopicNames"]


class TopicNames:
    """What clients' ids of topics and sessions stand for."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._names: dict[bytes, str] = {}
        core.cluster.leader_listeners.append(self._learn)
        for partition in core.cluster.partitions():
            self._learn(partition)

    def topic_name(self, topic_id: bytes) -> str | None:
        """The name of a topic, also of one that was deleted; None for one that there never was."""
        return self._names.get(topic_id)

    def fetched(self, node_id: int, key: int, request: Any) -> list[Fetched]:
        """The partitions that a Fetch or ShareFetch reads because its session holds them."""
        if key == _SHARE_FETCH:
            return self._fetched_in_share(node_id, request)
        if request.session_id == 0 or request.session_epoch <= 0:
            return []
        held = self._core.fetch_sessions.partitions(node_id, request.session_id)
        return [Fetched(one.topic, one.topic_id, one.index) for one in held]

    def _fetched_in_share(self, node_id: int, request: Any) -> list[Fetched]:
        if request.share_session_epoch <= 0:
            return []
        try:
            session = self._core.share_partitions.sessions(node_id).get(request.group_id, request.member_id)
        except KafkaError:
            return []
        return [Fetched(None, topic_id, index) for topic_id, index in session.partitions]

    def _learn(self, partition: Partition) -> None:
        self._names[partition.topic.id] = partition.topic.name


class Answering(Protocol):
    """What is needed of the broker."""

    core: Core
    names: TopicNames

    def do(self, route: Route, request: Any, call: Call) -> Any:
        """Have the handler do what is asked."""

    def park(
        self, pending: Pending, route: Route, request: Any, call: Call, finish: Callable[[Any], Any]
    ) -> Any:
        """Wait for a handler's reply."""

    def note_late(self, entry: Entry, answer: Any) -> None:
        """Have the journal know of an answer."""


class ExchangeAmidFaults:
    """One request amid faults: what they may have done with it."""

    __slots__ = ("_broker", "_call", "_correlation_id", "_route", "asked", "entry")

    def __init__(
        self,
        broker: Answering,
        route: Route,
        request: Any,
        call: Call,
        correlation_id: int,
        entry: Entry,
    ) -> None:
        self._broker = broker
        self._route = route
        self._call = call
        self._correlation_id = correlation_id
        self.asked = Asked(route.key, route.version, call.client_id, call.caller, request, broker.names)
        self.entry = entry

    def work(self, request: Any) -> Any:
        """Have it done; a reply, None, or a Pending of either."""
        broker, route, call = self._broker, self._route, self._call
        reply = broker.do(route, request, call)
        return broker.park(reply, route, request, call, _as_it_is) if reply.__class__ is Pending else reply

    def refuse(self, request: Any, error: KafkaError) -> Any:
        """The reply to a request that is refused as a whole."""
        return refuse(self._route, request, self._call, error)

    def encode(self, reply: Any) -> list[Any]:
        """The buffers of the answer, length first."""
        return self._route.encode(self._correlation_id, reply)

    def hold(self, throttle_ms: int) -> None:
        """Have nothing more of the connection done for so long."""
        self._broker.core.throttling.hold(self._call.caller.connection_id, throttle_ms)

    def note_late(self, answer: Any) -> None:
        """Have the journal know of an answer that came later."""
        self._broker.note_late(self.entry, answer)


def _as_it_is(reply: Any) -> Any:
    return reply
