"""Holding requests against client quotas: the answer says for how long its connection is held.

Rules kept here (Kafka: `KafkaApis`, `RequestHandlerHelper`; KIP-13, KIP-124, KIP-219, KIP-599):

- Of several quotas that a request breaks the longest hold counts. Old versions, whose answers cannot say it, are held
  all the same.
- Brokers are not held: followers' fetches and transaction markers count for nobody.
- Produce counts with all its bytes, answered or not; but with acks=0 its time does not count. Fetch has settled its
  account before (`handlers.fetch`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mockbroker.core.waiting import Pending
from protocol_specs import APIS
from protocol_specs.headers import request_header

if TYPE_CHECKING:
    from mockbroker.core.throttling import Client, Mutations
    from mockbroker.handlers.call import Call

__all__ = ["client_of", "mutations_of", "within_quotas"]

_PRODUCE = 0
_FETCH = 1
_WRITE_TXN_MARKERS = 27

#: Of a request's header: API key, version, correlation id, length of the client id.
_FIXED_HEADER = 10
_HAS_TAGS = 2


def client_of(call: Call) -> Client:
    """The user and the client id that quotas are set for."""
    return call.caller.principal.partition(":")[2], call.client_id or ""


def mutations_of(call: Call, *, strict_since: int) -> Mutations | None:
    """The count of what this request changes in the cluster; None where the client has no quota.

    Args:
        strict_since: the first version whose clients understand THROTTLING_QUOTA_EXCEEDED.
    """
    throttling = call.core.throttling
    if not throttling.is_active:
        return None
    return throttling.mutations(client_of(call), is_strict=call.version >= strict_since)


def within_quotas(key: int, request: Any, call: Call, reply: Any) -> Any:
    """Hold the connection where the request breaks a quota.

    Args:
        reply: what the handler gave.

    Returns:
        The reply that says so, or a Pending of it.
    """
    if reply.__class__ is Pending:
        return reply.then(partial(within_quotas, key, request, call))
    if reply.__class__ is bytes:
        reply = APIS[key].response[call.version].parse(reply)
    throttle_ms = getattr(reply, "throttle_time_ms", 0)
    throttling, client = call.core.throttling, client_of(call)
    if key == _PRODUCE:
        size = _size(key, request, call)
        throttle_ms = max(throttle_ms, throttling.produce(call.node.id, client, size))
    if key not in (_FETCH, _WRITE_TXN_MARKERS) and not (key == _PRODUCE and request.acks == 0):
        throttle_ms = max(throttle_ms, throttling.request(call.node.id, client))
    if throttle_ms:
        throttling.hold(call.caller.connection_id, throttle_ms)
        if hasattr(reply, "throttle_time_ms"):
            reply.throttle_time_ms = throttle_ms
    return reply


def _size(key: int, request: Any, call: Call) -> int:
    """The bytes of a request with its header."""
    body = sum(map(len, APIS[key].request[call.version].write(request, bytearray())))
    tags = 1 if request_header(key, call.version).version >= _HAS_TAGS else 0
    return _FIXED_HEADER + len((call.client_id or "").encode()) + tags + body
