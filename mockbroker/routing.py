"""One API in one version: how it is read, done, answered, and refused."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockbroker.control.placing import Placement, blank, has_entries_with_errors, has_field
from mockbroker.handlers import Handler, refusal_of
from mockbroker.wire.caller import Disconnect
from protocol_specs import APIS
from protocol_specs.headers import request_header, response_header

if TYPE_CHECKING:
    from mockbroker.handlers.call import Call
    from protocol_specs.errors import KafkaError

__all__ = ["Route", "log_failure", "refuse"]

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


def log_failure(route: Route, request: Any, error: Exception) -> None:
    """Note a bug of ours."""
    import logging

    name = APIS[route.key].name
    logging.getLogger("mockbroker").error("%s v%d failed: %r", name, route.version, request, exc_info=error)


def refuse(route: Route, request: Any, call: Call, error: KafkaError) -> Any:
    """The answer to a request that was refused as a whole (`AbstractRequest.getErrorResponse`)."""
    own = refusal_of(route.key)
    if own is not None:
        return own(request, call, error)
    response = APIS[route.key].response
    if has_field(response, "error_code", route.version):
        reply = blank(response, route.version)
        reply.error_code = error.code
        if "error_message" in response.fields:
            reply.error_message = error.detail
        return reply
    if not has_entries_with_errors(response, route.version):
        raise Disconnect(f"{APIS[route.key].name} has no place for {error}") from error
    reply = Placement(error.code, route.version).refusal(response, request)
    return blank(response, route.version) if reply is None else reply
