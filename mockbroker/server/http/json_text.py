"""Values of the verbs as JSON: named tuples are objects, bytes are text or base64.

A field of bytes is text where it is UTF-8. Where it is not, it is null, and beside it `<field>_base64` has the bytes.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockbroker.control.exchange import Exchange
    from mockbroker.control.fields import Place

__all__ = ["decoded", "dump", "event_line", "exchange_data", "plain"]

#: Fields that are lists of topics and partitions.
_PLACES = ("assignment", "partitions")


def dump(value: Any) -> bytes:
    """JSON in UTF-8, with a line end."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def event_line(name: str, value: Any, number: int | None = None) -> bytes:
    """A server-sent event."""
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"event: %s\ndata: %s\n" % (name.encode(), dump(value))


def plain(value: Any) -> Any:
    """A value as lists, objects, texts and numbers."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        found: dict[str, Any] = {}
        for name in value._fields:
            _put(found, name, getattr(value, name))
        return found
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        text = _text(bytes(value))
        return base64.b64encode(value).decode() if text is None else text
    return value


def exchange_data(exchange: Exchange) -> dict[str, Any]:
    """An exchange, without what was in it."""
    return {
        "number": exchange.number,
        "at": exchange.at,
        "latency": exchange.latency,
        "api": exchange.api,
        "version": exchange.version,
        "broker": exchange.broker,
        "connection": exchange.connection,
        "client_id": exchange.client_id,
        "software": exchange.software,
        "principal": exchange.principal,
        "listener": exchange.listener,
        "client": f"{exchange.client_host}:{exchange.client_port}",
        "topics": exchange.topics,
        "groups": exchange.groups,
        "errors": [{**_place(place), "error": code.name} for place, code in exchange.errors],
        "outcome": exchange.outcome,
        "fault": exchange.fault,
        "text": str(exchange),
    }


def decoded(exchange: Exchange) -> dict[str, Any]:
    """An exchange with its request and response, field by field; null where one cannot be read."""
    from protocol_specs import APIS
    from protocol_specs.text import to_dict

    request, response = exchange.request, exchange.response
    api = APIS.get(exchange.key)
    version = exchange.response_version
    return {
        **exchange_data(exchange),
        "request": to_dict(api.request[exchange.version], request) if api and request is not None else None,
        "response": (
            to_dict(api.response[version], response)
            if api and response is not None and version is not None
            else None
        ),
        "request_hex": bytes(exchange.frame).hex(),
        "response_hex": None if exchange.answer_frame is None else exchange.answer_frame.hex(),
    }


def _put(found: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, bytes):
        found[name] = _text(value)
        if found[name] is None:
            found[f"{name}_base64"] = base64.b64encode(value).decode()
    elif name in _PLACES and value and all(type(each) is tuple and len(each) == 2 for each in value):
        found[name] = [{"topic": topic, "partition": index} for topic, index in value]
    elif value and isinstance(value, list) and hasattr(value[0], "frame"):
        found[name] = [exchange_data(each) for each in value]
    else:
        found[name] = plain(value)


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _place(place: Place) -> dict[str, Any]:
    return {
        name: value for name, value in zip(place._fields, place, strict=True) if isinstance(value, (str, int))
    }
