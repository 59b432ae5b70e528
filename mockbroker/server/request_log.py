"""A log line for each request: what `serve -v` shows. It stands before the broker only while that is asked for."""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, Any

from mockbroker.core.waiting import Part, Pending
from protocol_specs import APIS

if TYPE_CHECKING:
    from mockbroker.server.server import Broker
    from mockbroker.wire.caller import Caller

__all__ = ["RequestLog"]

_HEADER = struct.Struct(">hhi")

_log = logging.getLogger("mockbroker.requests")


class RequestLog:
    """A broker that logs what the broker behind it is asked, and what it answers."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.clock = broker.clock
        self.throttled_ms = broker.throttled_ms
        self.connected = broker.connected
        self.disconnected = broker.disconnected
        self.flush = broker.flush

    def receive(self, frame: bytearray, caller: Caller) -> Any:
        """See `Broker.receive`."""
        answer = self._broker.receive(frame, caller)
        if len(frame) >= _HEADER.size:
            key, version, correlation_id = _HEADER.unpack_from(frame)
            name = APIS[key].name if key in APIS else f"API {key}"
            _log.debug(
                "Broker %d: %s v%d #%d from %s on connection %d: %d bytes, %s",
                caller.node_id,
                name,
                version,
                correlation_id,
                caller.client_id,
                caller.connection_id,
                len(frame),
                _outcome(answer),
            )
        return answer


def _outcome(answer: Any) -> str:
    if answer is None:
        return "no answer due"
    if isinstance(answer, Pending):
        return "waiting"
    if isinstance(answer, Part):
        return "answering in parts"
    return f"answered {sum(map(len, answer)) - 4} bytes"
