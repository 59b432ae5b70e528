"""What befalls one request on which faults act, from its arrival to its answer.

Rules kept here:

- Faults act in the order in which they were set: first what they do before the work, then the work, then what they do
  after it. Of one fault the delay comes first.
- An error before the work keeps the broker from doing what the error is about, and only that: of a Produce to three
  partitions with an error for one, two are appended to. Errors of Fetch and Metadata, which change nothing, are put
  into their answers instead, so the rest of those is right; a Fetch with an error does not wait.
- A request that has no answer (acks=0) cannot be told an error: its connection ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from copy import copy
from functools import partial
from typing import Any, Protocol

from mockbroker.control.asked import Asked, Fetched
from mockbroker.control.effects import alter
from mockbroker.control.entries import Entry
from mockbroker.control.fault_spec import FaultSpec
from mockbroker.control.fields import TOPIC, Node, nodes_of
from mockbroker.control.matching import Matcher
from mockbroker.control.pauses import Pauses
from mockbroker.control.placing import Placement, merge, split
from mockbroker.control.trickle import trickle
from mockbroker.core.waiting import Pending
from mockbroker.wire.caller import Disconnect
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["Acting", "Interference", "Upstream"]

_FETCH, _METADATA, _DESCRIBE_TOPIC_PARTITIONS, _SHARE_FETCH = 1, 3, 75, 78

#: APIs whose errors are put into the answer. They change nothing; but for ShareFetch, whose records then count as
#: given to the member, until their lock ends.
_READ_ONLY = frozenset({_FETCH, _METADATA, _DESCRIBE_TOPIC_PARTITIONS, _SHARE_FETCH})

_log = logging.getLogger("mockbroker")

Steps = Generator[Pending, Any, Any]


class Upstream(Protocol):
    """Who answers, and would answer alone if there were no faults."""

    asked: Asked
    entry: Entry

    def work(self, request: Any) -> Any:
        """Have it done: a reply, None, or a Pending of either. Raises `Disconnect`."""

    def refuse(self, request: Any, error: KafkaError) -> Any:
        """The reply to a request that is refused as a whole. Raises `Disconnect`."""

    def encode(self, reply: Any) -> list[Any]:
        """The buffers of the answer, length first."""

    def hold(self, throttle_ms: int) -> None:
        """Have nothing more of the connection done for so long."""

    def note_late(self, answer: Any) -> None:
        """Have the journal know of an answer that came later."""


class Acting(Protocol):
    """A fault that acts on a request."""

    spec: FaultSpec
    matcher: Matcher

    def hang(self) -> Pending:
        """Is settled when the fault is removed."""


class Interference:
    """One request, and the faults that act on it."""

    def __init__(self, upstream: Upstream, faults: Iterable[Acting], pauses: Pauses) -> None:
        self._upstream = upstream
        self._faults = list(faults)
        self._pauses = pauses
        self._asked = upstream.asked
        #: What is left to be done; None: nothing.
        self._request: Any = upstream.asked.request
        self._refusals: list[Any] = []
        self._errors: list[Acting] = []
        self._steps = self._run()
        self._awaited: Pending | None = None
        self._outer: Pending | None = None

    def answer(self) -> Any:
        """The answer: buffers, a Part, None, or a Pending of one of these.

        Raises:
            Disconnect: the connection is to end.
        """
        done, answer = self._go_on(None)
        if done:
            return answer
        self._outer = Pending(self._abandon, self._hurry)
        return self._outer

    # Going through the steps

    def _go_on(self, value: Any) -> tuple[bool, Any]:
        """Go on until something must be waited for."""
        try:
            while True:
                pending = self._steps.send(value)
                if not pending.is_settled:
                    self._awaited = pending
                    pending.on_settled = partial(self._resume, pending)
                    return False, None
                value = pending.reply
        except StopIteration as stop:
            return True, stop.value

    def _resume(self, pending: Pending) -> None:
        outer = self._outer
        if outer is None or outer.is_settled or pending is not self._awaited:
            return
        self._awaited = None
        try:
            done, answer = self._go_on(pending.reply)
        except Disconnect as reason:
            done, answer = True, reason
        except Exception as error:
            _log.exception("A fault failed")
            done, answer = True, Disconnect(f"a fault failed: {error!r}")
        if done:
            self._upstream.note_late(answer)
            outer.settle(answer)

    def _abandon(self) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.abandon()
        self._steps.close()

    def _hurry(self) -> None:
        if self._awaited is not None:
            self._awaited.hurry()

    # The steps

    def _run(self) -> Steps:
        for fault in self._faults:
            if (yield from self._before(fault)):
                return None
        reply = yield from self._work()
        if reply is None:
            self._hold()
            return None
        if reply.__class__ is bytes:
            reply = APIS[self._asked.key].response[self._asked.version].parse(reply)
        for fault in self._errors:
            reply = self._place(fault, reply)
        for fault in self._faults:
            reply = alter(reply, self._asked, fault.matcher, fault.spec.effects)
        for fault in self._faults:
            if (yield from self._after(fault)):
                return None
        self._hold()
        return self._send(reply)

    def _before(self, fault: Acting) -> Steps:
        """Whether the request is dropped."""
        spec = fault.spec
        if spec.at == "before":
            yield from self._wait(fault)
            if spec.error is not None:
                self._refuse(fault)
            if spec.disconnect:
                raise Disconnect(f"a fault says so: {spec.done}", is_intended=True)
        elif spec.error is not None:
            self._errors.append(fault)
        return spec.drop == "request"

    def _after(self, fault: Acting) -> Steps:
        """Whether the response is dropped."""
        spec = fault.spec
        if spec.at == "after":
            yield from self._wait(fault)
            if spec.disconnect:
                raise Disconnect(f"a fault says so: {spec.done}", is_intended=True)
        return spec.drop == "response"

    def _wait(self, fault: Acting) -> Steps:
        if fault.spec.delay:
            yield self._pauses.of(fault.spec.delay)
        if fault.spec.hang:
            yield fault.hang()

    def _work(self) -> Steps:
        reply = None
        if self._request is not None:
            reply = self._upstream.work(self._request)
            if reply.__class__ is Pending:
                reply = yield reply
            if isinstance(reply, Disconnect):
                raise reply
        for refused in self._refusals:
            reply = refused if reply is None else merge(reply, refused)
        if reply is None and self._errors:
            reason = f"a fault says so: {self._errors[0].spec.done}, and no answer is due"
            raise Disconnect(reason, is_intended=True)
        return reply

    def _hold(self) -> None:
        """As Kafka does with who is above a quota: it is told, and its connection is silent for so long (KIP-219)."""
        holds = [fault.spec.throttle for fault in self._faults if fault.spec.throttle]
        if holds:
            self._upstream.hold(holds[-1])

    # Errors

    def _refuse(self, fault: Acting) -> None:
        """Take what the error is about out of the request."""
        if self._request is None:
            return
        asked, code = self._asked, _code_of(fault)
        if asked.is_silent:
            reason = f"a fault says so: {code.name}, and no answer is due"
            raise Disconnect(reason, is_intended=True)
        if not fault.matcher.depth:
            self._refusals.append(self._upstream.refuse(self._request, KafkaError(code)))
            self._request = None
        elif asked.key in _READ_ONLY:
            self._request = _harmless(self._request, asked.key)
            self._errors.append(fault)
        else:
            meant, others = split(self._request, self._is_meant_by(fault))
            if meant is None:
                return
            response = APIS[asked.key].response
            refused = Placement(code, asked.version, fault.matcher.depth).refusal(response, meant)
            if refused is None:
                refused, others = self._upstream.refuse(self._request, KafkaError(code)), None
            self._refusals.append(refused)
            self._request = others

    def _place(self, fault: Acting, reply: Any) -> Any:
        """Put an error into an answer."""
        asked, code = self._asked, _code_of(fault)
        request = asked.request
        if not fault.matcher.depth:
            return self._upstream.refuse(request, KafkaError(code))
        placement = Placement(code, asked.version, fault.matcher.depth)
        spoiled, count = placement.spoil(reply, request, self._is_meant_by(fault))
        if count:
            return spoiled
        meant, _ = split(_with_session(request, asked), self._is_meant_by(fault))
        refused = None if meant is None else placement.refusal(reply.schema, meant)
        if refused is not None:
            return merge(reply, refused)
        return self._upstream.refuse(request, KafkaError(code))

    def _is_meant_by(self, fault: Acting) -> Callable[[Any], bool]:
        return lambda place: fault.matcher.is_meant(self._asked.named(place))

    # Sending

    def _send(self, reply: Any) -> Any:
        buffers = self._upstream.encode(reply)
        pieces = [fault.spec for fault in self._faults if fault.spec.effects.keys() & _SHAPES]
        if not pieces:
            return buffers
        self._upstream.entry.answer = buffers
        self._upstream.entry.is_cut = any(spec.truncate is not None for spec in pieces)
        return trickle(buffers, pieces, self._pauses)


_SHAPES = {"truncate", "slice", "bandwidth"}


def _code_of(fault: Acting) -> ErrorCode:
    return ErrorCode[str(fault.spec.error)]


def _harmless(request: Any, key: int) -> Any:
    """The request so that it changes nothing, and is answered at once."""
    changed = copy(request)
    if key in (_FETCH, _SHARE_FETCH):
        changed.max_wait_ms = 0
    elif key == _METADATA:
        changed.allow_auto_topic_creation = False
    return changed


def _with_session(request: Any, asked: Asked) -> Any:
    """A Fetch that names what its session holds."""
    if not asked.session:
        return request
    node = next(node for node in nodes_of(request.schema) if node.kind == TOPIC)
    changed = copy(request)
    topics = [_named(node, one) for one in asked.session]
    setattr(changed, node.field, [*getattr(request, node.field), *topics])
    return changed


def _named(node: Node, one: Fetched) -> Any:
    assert node.schema is not None
    (inner,) = node.children
    assert inner.schema is not None
    topic, partition = node.schema.make_default(), inner.schema.make_default()
    for name in node.names:
        setattr(topic, name, (one.topic_id or bytes(16)) if name == "topic_id" else one.topic or "")
    setattr(partition, inner.names[0], one.partition)
    setattr(topic, inner.field, [partition])
    return topic
