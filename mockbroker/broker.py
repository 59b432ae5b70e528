"""Frame in, answer out: decode, dispatch, encode. Nothing here waits.

Rules kept here (`SocketServer`, `RequestContext.parseRequest`, `KafkaApis.handle`):

- A frame that cannot be read, an API key that is not offered, and a version out of its range end the connection; only
  ApiVersions answers any version, in its version 0 layout, with UNSUPPORTED_VERSION.
- Bytes after a request are ignored: some clients send them.
- A request that its handler refuses as a whole is answered with the error where its response has a place for it,
  else the connection ends. A handler that fails for a reason of ours refuses with UNKNOWN_SERVER_ERROR.
- When a request is done, everybody whom its effects concern has had a turn before the next request starts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from mockbroker.amid_faults import ExchangeAmidFaults, TopicNames
from mockbroker.control.entries import Entry
from mockbroker.control.journal import FILED_TOGETHER
from mockbroker.core.waiting import Part, Pending
from mockbroker.handlers import HANDLERS
from mockbroker.handlers.call import Call
from mockbroker.handlers.throttle import within_quotas
from mockbroker.handlers.when_ready import and_then
from mockbroker.profiles import KAFKA_4_3, Profile
from mockbroker.routing import FORWARDED, Route, forwarded, log_failure, refuse
from mockbroker.wire.caller import Caller, Disconnect
from protocol_specs import APIS
from protocol_specs.emit import Malformed, uvarint
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.headers import API_VERSIONS_KEY
from protocol_specs.wire_types import WireError

if TYPE_CHECKING:
    from mockbroker.control.faults import Faults
    from mockbroker.control.journal import Journal
    from mockbroker.core.assembly import Core

__all__ = ["Answer", "Broker", "Disconnect", "Route"]

#: Buffers to send, the first of which begins with the length; a Part of them; None where no answer is due; or a
#: Pending whose `reply` is one of these, or a Disconnect.
Answer = list[Any] | Part | Pending | None

_HEADER = struct.Struct(">hhih").unpack_from


class _Kept(Disconnect):
    """The end of a connection that the journal knows of."""


class Parked:
    """A request whose reply is not there yet.

    Attributes:
        outer: what the connection waits for.
        inner: what the handler gave for it.
    """

    __slots__ = ("_broker", "_call", "_finish", "_request", "_route", "inner", "outer")

    def __init__(
        self,
        broker: Broker,
        inner: Pending,
        route: Route,
        request: Any,
        call: Call,
        finish: Callable[[Any], Any],
    ) -> None:
        self._broker = broker
        self._route = route
        self._request = request
        self._call = call
        self._finish = finish
        self.inner = inner
        self.outer = Pending(self._abandon, self._hurry)
        inner.on_settled = self._settled
        broker.parked[self.outer] = self

    def ask_again(self) -> None:
        """Have the handler do it anew: the state that it waited on has been replaced."""
        try:
            reply = self._broker.do(self._route, self._request, self._call)
        except Disconnect as reason:
            reply = reason
        if reply.__class__ is not Pending:
            self._settle(reply)
        elif reply.is_settled:
            self._settle(reply.reply)
        else:
            self.inner = reply
            reply.on_settled = self._settled

    def _settled(self) -> None:
        self._settle(self.inner.reply)

    def _settle(self, reply: Any) -> None:
        if self._broker.parked.pop(self.outer, None) is not None:
            self.outer.settle(self._finish(reply))

    def _abandon(self) -> None:
        if self._broker.parked.pop(self.outer, None) is not None:
            self.inner.abandon()

    def _hurry(self) -> None:
        self.inner.hurry()


class Broker:
    """All the brokers of one cluster, at the level of frames.

    Args:
        core: the simulated cluster.
        profile: the release to be.
        journal: keeps what was asked and answered; None: nothing is kept.

    Attributes:
        faults: what is to go wrong; None while nothing is.
        names: what clients' ids of topics and sessions stand for.
        callers: who is connected, by connection id.
        parked: the requests whose answer is not there yet, by what is to be settled with it.
    """

    def __init__(self, core: Core, profile: Profile = KAFKA_4_3, journal: Journal | None = None) -> None:
        self.core = core
        self.clock = core.clock
        self.profile = profile
        self.flush = core.waiting.flush
        self.journal = journal
        self.faults: Faults | None = None
        self.names = TopicNames(core)
        self.callers: dict[int, Caller] = {}
        self.parked: dict[Pending, Parked] = {}
        self._watchers = core.waiting.watchers
        self._nodes = core.cluster.nodes
        self._throttling = core.throttling
        self._routes: dict[int, Route] = {}

    def throttled_ms(self, node_id: int, address: str) -> int:
        """For how many milliseconds a connection that came in is to be held before it is refused; 0: it is not."""
        return self._throttling.connection(node_id, address)

    def connected(self, caller: Caller) -> None:
        """A client has come."""
        self.callers[caller.connection_id] = caller
        self.core.waiting.tell_watchers()

    def disconnected(self, caller: Caller) -> None:
        """A client is gone."""
        self.callers.pop(caller.connection_id, None)
        self.core.share_partitions.disconnected(caller.node_id, caller.connection_id)
        self.flush()
        self.core.telemetry.disconnected(caller.connection_id, caller.node_id)
        self.core.waiting.tell_watchers()

    def receive(self, frame: bytearray, caller: Caller) -> Answer:
        """Answer one whole frame (without its length).

        Raises:
            Disconnect: the connection is to end.
        """
        holds = self._throttling.holds
        if holds and caller.connection_id in holds:
            held: Answer = and_then(holds[caller.connection_id], lambda _: self._receive_late(frame, caller))
            return held
        try:
            answer = self._answer(frame, caller)
        except Disconnect as reason:
            if self.journal is not None and not isinstance(reason, _Kept):
                self.journal.note((self.clock.now, caller, frame, reason))
            raise
        return answer

    def _receive_late(self, frame: bytearray, caller: Caller) -> Answer | Disconnect:
        """Answer a frame whose connection is held no more (KIP-219)."""
        try:
            return self.receive(frame, caller)
        except Disconnect as reason:
            return reason

    def _answer(self, frame: bytearray, caller: Caller) -> Answer:
        try:
            key, version, correlation_id, id_length = _HEADER(frame)
            at = 10
            client_id = None
            if id_length >= 0:
                at = 10 + id_length
                if at > len(frame):
                    raise Malformed
                client_id = frame[10:at].decode("utf-8", "replace")
            route = self._routes.get(key << 16 | version & 0xFFFF)
            if route is None:
                route = self._find_route(key, version)
            if route.has_header_tags:
                at = _skip_tags(frame, at) if frame[at] else at + 1
            try:
                request, _ = route.parse(frame, at)
            except Exception:
                # What is rare, or wrong, is left to the reader that can say why.
                request, _ = route.read(frame, at)
        except (WireError, struct.error, IndexError, Malformed) as error:
            raise Disconnect(f"a request that cannot be read: {error}") from None
        caller.client_id = client_id
        try:
            call = Call(self.core, self._nodes[caller.node_id], version, client_id, caller)
        except KeyError:
            raise Disconnect(f"broker {caller.node_id} is not registered any more") from None
        if self.faults is not None:
            return self._answer_amid_faults(route, request, call, correlation_id, frame)
        reply = self.do(route, request, call)
        if reply.__class__ is Pending:
            return self._answer_later(reply, route, request, call, correlation_id, frame)
        answer = None if reply is None else route.encode(correlation_id, reply)
        journal = self.journal
        if journal is not None:
            recent = journal.recent
            recent.append((self.clock.now, caller, frame, answer))
            if len(recent) >= FILED_TOGETHER:
                journal.file()
            if self._watchers:
                self.core.waiting.tell_watchers()
        return answer

    def _answer_later(
        self, pending: Pending, route: Route, request: Any, call: Call, correlation_id: int, frame: bytearray
    ) -> Answer:
        entry = self._enter(call.caller, frame)
        finish = partial(self._finish, route, correlation_id, entry)
        try:
            answer: Answer = self.park(pending, route, request, call, finish)
        except Disconnect as reason:
            raise _Kept(str(reason)) from None
        return answer

    def _answer_amid_faults(
        self, route: Route, request: Any, call: Call, correlation_id: int, frame: bytearray
    ) -> Answer:
        assert self.faults is not None
        entry = self._enter(call.caller, frame)
        exchange = ExchangeAmidFaults(self, route, request, call, correlation_id, entry)
        try:
            answer: Answer = self.faults.answer(exchange)
        except Disconnect as reason:
            entry.answer = reason
            entry.is_answered = True
            raise _Kept(str(reason), is_intended=reason.is_intended) from None
        entry.is_answered = answer.__class__ is not Pending
        if answer.__class__ is list:
            entry.answer = answer
        return answer

    def _enter(self, caller: Caller, frame: bytearray) -> Entry:
        """Begin to keep an exchange whose answer is not clear at once."""
        entry = Entry(self.clock.now, caller, frame)
        if self.journal is not None:
            self.journal.note(entry)
            if self._watchers:
                self.core.waiting.tell_watchers()
        return entry

    def do(self, route: Route, request: Any, call: Call) -> Any:
        """Have the handler do what is asked; then all whom that concerns have their turn.

        Raises:
            Disconnect: the connection is to end.
        """
        try:
            reply = route.handle(request, call)
        except Disconnect:
            self.flush()
            raise
        except KafkaError as error:
            reply = refuse(route, request, call, error)
        except Exception as error:
            log_failure(route, request, error)
            reply = refuse(route, request, call, KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR))
        self.flush()
        if self._throttling.is_active:
            reply = within_quotas(route.key, request, call, reply)
        return reply

    def park(
        self, pending: Pending, route: Route, request: Any, call: Call, finish: Callable[[Any], Any]
    ) -> Any:
        """Wait for a handler's reply.

        Args:
            finish: what is to be made of the reply.

        Returns:
            A Pending of what `finish` makes; that itself, where the reply has come during the flush.

        Raises:
            Disconnect: the reply has come, and cannot be sent.
        """
        if not pending.is_settled:
            return Parked(self, pending, route, request, call, finish).outer
        made = finish(pending.reply)
        if isinstance(made, Disconnect):
            raise made
        return made

    def _finish(self, route: Route, correlation_id: int, entry: Entry, reply: Any) -> Any:
        """Encode a reply that somebody else's request has settled: what goes wrong here is not to harm that one."""
        answer: Any = None
        if isinstance(reply, Disconnect):
            answer = reply
        elif reply is not None:
            try:
                answer = route.encode(correlation_id, reply)
            except Exception as error:
                log_failure(route, reply, error)
                answer = Disconnect(f"the answer to {APIS[route.key].name} cannot be encoded")
        self.note_late(entry, answer)
        return answer

    def note_late(self, entry: Entry, answer: Any) -> None:
        """Have the journal know of an answer that came later than the request's effects."""
        entry.answered_at = self.clock.now
        entry.is_answered = True
        if answer.__class__ is not Part:
            entry.answer = answer
        if self.journal is not None:
            self.journal.note_late(entry)

    def _find_route(self, key: int, version: int) -> Route:
        handle = HANDLERS.get(key)
        if handle is None or key not in APIS:
            raise Disconnect(f"API key {key} is not known")
        if version not in self.profile.served(key):
            if key == API_VERSIONS_KEY:
                return self._unsupported_api_versions(version)
            raise Disconnect(f"{APIS[key].name} has no version {version} here")
        route = self._routes[key << 16 | version & 0xFFFF] = Route(key, version, handle)
        if APIS.stem(key) in FORWARDED:
            route.handle = forwarded(route)
        return route

    def _unsupported_api_versions(self, version: int) -> Route:
        """A route that reads nothing and answers in version 0 what can be spoken (KIP-511)."""
        served = self.profile.served(API_VERSIONS_KEY)
        route = Route(API_VERSIONS_KEY, 0, lambda request, call: _unsupported_version(served))
        api = APIS[API_VERSIONS_KEY]
        route.has_header_tags = version >= api.flexible_from
        nothing = api.request.default
        route.parse = lambda frame, at: (nothing, at)
        return route


def _unsupported_version(served: range) -> Any:
    response = APIS[API_VERSIONS_KEY].response
    entry = response.api_keys(api_key=API_VERSIONS_KEY, min_version=served[0], max_version=served[-1])
    return response(error_code=ErrorCode.UNSUPPORTED_VERSION, api_keys=[entry])


def _skip_tags(frame: bytearray, at: int) -> int:
    count, at = uvarint(frame, at)
    for _ in range(count):
        _, at = uvarint(frame, at)
        size, at = uvarint(frame, at)
        at += size
    if at > len(frame):
        raise Malformed
    return at
