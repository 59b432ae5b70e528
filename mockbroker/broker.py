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
from typing import TYPE_CHECKING, Any

from mockbroker.core.waiting import Pending
from mockbroker.handlers import HANDLERS, Handler, refusal_of
from mockbroker.handlers.call import Call, Caller, Disconnect
from mockbroker.profiles import KAFKA_4_3, Profile
from protocol_specs import APIS
from protocol_specs.emit import Malformed, uvarint
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.headers import API_VERSIONS_KEY, request_header, response_header
from protocol_specs.wire_types import WireError

if TYPE_CHECKING:
    from mockbroker.core.assembly import Core

__all__ = ["Answer", "Broker", "Disconnect", "Route"]

#: Buffers to send, the first of which begins with the length; None where no answer is due; or a Pending whose
#: `reply` is one of these two.
Answer = list[Any] | Pending | None

_HEADER = struct.Struct(">hhih").unpack_from
_LENGTH = struct.Struct(">i").pack_into
_START = struct.Struct(">ii").pack


class Route:
    """One API in one version: how it is read, done, and answered."""

    __slots__ = ("handle", "has_header_tags", "key", "read", "response_tags", "version", "write")

    def __init__(self, key: int, version: int, handle: Handler) -> None:
        api = APIS[key]
        self.key = key
        self.version = version
        self.handle = handle
        self.read: Callable[..., tuple[Any, int]] = api.request[version].read
        self.write: Callable[[Any, bytearray], list[Any]] = api.response[version].write
        self.has_header_tags = request_header(key, version).version >= 2
        self.response_tags = b"\0" if response_header(key, version).version >= 1 else b""

    def encode(self, correlation_id: int, reply: Any) -> list[Any]:
        """The buffers of a whole response frame, length first. A reply may be the bytes of its body already."""
        out = bytearray(_START(0, correlation_id))
        out += self.response_tags
        if reply.__class__ is bytes:
            out += reply
            parts = [out]
        else:
            parts = self.write(reply, out)
        _LENGTH(out, 0, (len(out) if len(parts) == 1 else sum(map(len, parts))) - 4)
        return parts


class Broker:
    """All the brokers of one cluster, at the level of frames.

    Args:
        core: the simulated cluster.
        profile: the release to be.
    """

    def __init__(self, core: Core, profile: Profile = KAFKA_4_3) -> None:
        self.core = core
        self.clock = core.clock
        self.profile = profile
        self.flush = core.waiting.flush
        #: Who is connected, by connection id.
        self.callers: dict[int, Caller] = {}
        self._nodes = core.cluster.nodes
        self._routes: dict[int, Route] = {}

    def connected(self, caller: Caller) -> None:
        """A client has come."""
        self.callers[caller.connection_id] = caller

    def disconnected(self, caller: Caller) -> None:
        """A client is gone."""
        self.callers.pop(caller.connection_id, None)

    def receive(self, frame: bytearray, caller: Caller) -> Answer:
        """Answer one whole frame (without its length).

        Raises:
            Disconnect: the connection is to end.
        """
        try:
            key, version, correlation_id, id_length = _HEADER(frame)
            at = 10
            client_id = None
            if id_length >= 0:
                at = 10 + id_length
                client_id = frame[10:at].decode("utf-8", "replace")
            route = self._routes.get(key << 16 | version & 0xFFFF)
            if route is None:
                route = self._find_route(key, version)
            if route.has_header_tags:
                at = _skip_tags(frame, at) if frame[at] else at + 1
            request, _ = route.read(frame, at)
        except (WireError, struct.error, IndexError, Malformed) as error:
            raise Disconnect(f"a request that cannot be read: {error}") from None
        caller.client_id = client_id
        call = Call(self.core, self._nodes[caller.node_id], version, client_id, caller)
        try:
            reply = route.handle(request, call)
        except Disconnect:
            raise
        except KafkaError as error:
            reply = _refuse(route, request, call, error)
        except Exception as error:
            _log_failure(route, request, error)
            reply = _refuse(route, request, call, KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR))
        self.flush()
        if reply is None:
            return None
        if reply.__class__ is Pending:
            return self._await(route, correlation_id, reply)
        return route.encode(correlation_id, reply)

    def _await(self, route: Route, correlation_id: int, pending: Pending) -> Answer:
        """Encode the reply when it comes; at once when it has come during the flush."""

        encoded = pending.then(lambda reply: _encode_late(route, correlation_id, reply))
        return encoded.reply if encoded.is_settled else encoded

    def _find_route(self, key: int, version: int) -> Route:
        handle = HANDLERS.get(key)
        if handle is None or key not in APIS:
            raise Disconnect(f"API key {key} is not known")
        if version not in self.profile.served(key):
            if key == API_VERSIONS_KEY:
                return self._unsupported_api_versions()
            raise Disconnect(f"{APIS[key].name} has no version {version} here")
        route = self._routes[key << 16 | version & 0xFFFF] = Route(key, version, handle)
        return route

    def _unsupported_api_versions(self) -> Route:
        """A route that reads nothing and answers in version 0 what can be spoken (KIP-511)."""
        route = Route(API_VERSIONS_KEY, 0, _answer_unsupported_version)
        route.read = lambda frame, at: (self.profile.served(API_VERSIONS_KEY), at)
        return route


def _encode_late(route: Route, correlation_id: int, reply: Any) -> list[Any] | Disconnect | None:
    """Encode a reply that somebody else's request has settled: what goes wrong here is not to harm that one."""
    try:
        return None if reply is None else route.encode(correlation_id, reply)
    except Exception as error:
        _log_failure(route, reply, error)
        return Disconnect(f"the answer to {APIS[route.key].name} cannot be encoded")


def _answer_unsupported_version(served: range, call: Call) -> Any:
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


def _log_failure(route: Route, request: Any, error: Exception) -> None:
    """Note a bug of ours."""
    import logging

    name = APIS[route.key].name
    logging.getLogger("mockbroker").error("%s v%d failed: %r", name, route.version, request, exc_info=error)


def _refuse(route: Route, request: Any, call: Call, error: KafkaError) -> Any:
    """The answer to a request that was refused as a whole (`AbstractRequest.getErrorResponse`)."""
    refuse = refusal_of(route.key)
    if refuse is not None:
        return refuse(request, call, error)
    response = APIS[route.key].response
    if "error_code" not in response.fields:
        raise Disconnect(f"{APIS[route.key].name} has no place for {error}") from error
    reply = response.make_default()
    reply.error_code = error.code
    if "error_message" in response.fields:
        reply.error_message = error.detail
    return reply
