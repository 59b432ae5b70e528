"""One API in one version: how it is read, done, answered, and refused."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockbroker.control.placing import Placement, blank, has_entries_with_errors, has_field
from mockbroker.core.waiting import NOT_YET
from mockbroker.handlers import Handler, refusal_of
from mockbroker.handlers.when_ready import and_then
from mockbroker.wire.caller import Disconnect
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.headers import request_header, response_header

if TYPE_CHECKING:
    from mockbroker.handlers.call import Call

__all__ = ["FORWARDED", "Route", "forwarded", "log_failure", "refuse"]

#: APIs that a broker only passes on to the controller (`KafkaApis.forwardToController`), by stem.
FORWARDED = frozenset(
    [
        "add_raft_voter",
        "alter_client_quotas",
        "alter_configs",
        "alter_partition_reassignments",
        "alter_user_scram_credentials",
        "create_acls",
        "create_delegation_token",
        "create_partitions",
        "create_topics",
        "delete_acls",
        "delete_topics",
        "describe_quorum",
        "elect_leaders",
        "expire_delegation_token",
        "incremental_alter_configs",
        "list_partition_reassignments",
        "remove_raft_voter",
        "renew_delegation_token",
        "unregister_broker",
        "update_features",
    ]
)
#: For so long a broker tries to reach the controller (`BrokerServer.clientToControllerChannelManager`), in seconds.
_FORWARDING_TIMEOUT = 60.0

_LENGTH = struct.Struct(">i").pack_into
_START = struct.Struct(">ii").pack


class Route:
    """One API in one version: how it is read, done, and answered.

    Attributes:
        parse: reads a request, in a hurry: what it raises says nothing, and `read` is to be asked.
        read: reads a request; raises `WireError`.
    """

    __slots__ = ("handle", "has_header_tags", "key", "parse", "read", "response", "response_tags", "version")

    def __init__(self, key: int, version: int, handle: Handler) -> None:
        api = APIS[key]
        self.key = key
        self.version = version
        self.handle = handle
        self.parse: Callable[..., tuple[Any, int]] = api.request[version].compiled_parse
        self.read: Callable[..., tuple[Any, int]] = api.request[version].read
        self.response = api.response[version]
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
            parts = self.response.write(reply, out)
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


def forwarded(route: Route) -> Handler:
    """The route's handler, as a broker behaves that has to reach the controller for it.

    One that is cut off tries for a minute: when it is in touch again the request is done, and else it has timed out.
    """
    handle = route.handle

    def forward(request: Any, call: Call) -> Any:
        node = call.node
        if not node.is_isolated:
            return handle(request, call)

        def reached(last: bool) -> Any:
            return NOT_YET if node.is_isolated and not last else not node.is_isolated

        def go_on(is_reached: bool) -> Any:
            try:
                if is_reached:
                    return handle(request, call)
                raise KafkaError(ErrorCode.REQUEST_TIMED_OUT)
            except KafkaError as error:
                return refuse(route, request, call, error)

        return and_then(call.core.waiting.wait(reached, on=[node], at_most=_FORWARDING_TIMEOUT), go_on)

    return forward
