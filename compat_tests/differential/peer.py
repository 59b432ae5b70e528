"""A raw client of one broker: messages in, messages out, nothing in between."""

from __future__ import annotations

import socket
import struct
from typing import Any

from protocol_specs import APIS, api_named
from protocol_specs.headers import REQUEST_HEADER, request_header, response_header
from protocol_specs.notation import Api
from protocol_specs.schema import Schema
from protocol_specs.text import to_dict

__all__ = ["CLOSED", "NO_ANSWER", "Peer", "fill"]

#: What stands for an answer when the broker closed the connection, or said nothing (acks=0).
CLOSED = "connection closed"
NO_ANSWER = "no answer"

_CLIENT_ID = "differential"


def fill(schema: Schema, values: dict[str, Any]) -> Any:
    """A message of defaults, but for the values given; lists of dicts make nested structs.

    Raises:
        KeyError: the message has no such field.
    """
    message = schema.make_default()
    for name, value in values.items():
        field = schema.fields[name]
        if field.fields is not None and value is not None:
            child: Schema = getattr(schema, name)
            value = (
                [fill(child, one) for one in value]
                if isinstance(value, (list, tuple))
                else fill(child, value)
            )
        setattr(message, name, value)
    return message


class Peer:
    """Connections to one broker, one at a time: a new one is made when the last one was closed.

    Args:
        address: "host:port".
        timeout: seconds that an answer may take.
    """

    def __init__(self, address: str, *, timeout: float = 8.0, client_id: str | None = _CLIENT_ID) -> None:
        self.address = address
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._timeout = timeout
        self._client_id = client_id
        self._socket: socket.socket | None = None
        self._correlation_id = 0

    def ask(self, name: str, version: int, values: dict[str, Any]) -> Any:
        """Send one request; the answer as plain data, or `CLOSED`."""
        api = api_named(name)
        frame = self.frame(api, version, values)
        answer = self.exchange(frame)
        return answer if isinstance(answer, str) else self.decode(api, version, answer)

    def ask_bytes(self, name: str, version: int, body: bytes, *, timeout: float) -> Any:
        """Send a request whose body is given; the answer as plain data, or `CLOSED`, or `NO_ANSWER` in time."""
        api = api_named(name)
        answer = self.ask_frame(self._start(api, version) + body, timeout=timeout)
        return answer if isinstance(answer, str) else self.decode(api, version, answer)

    def ask_frame(self, frame: bytes, *, length: int | None = None, timeout: float) -> bytearray | str:
        """Send bytes after a length; the frame that comes back, or `CLOSED`, or `NO_ANSWER` after the timeout."""
        self._connected().settimeout(timeout)
        answer = self.exchange(frame, length=length)
        if self._socket is not None:
            self._socket.settimeout(self._timeout)
        return answer

    def tell(self, name: str, version: int, values: dict[str, Any]) -> Any:
        """Send one request that gets no answer: `NO_ANSWER`, or `CLOSED` where the broker hung up instead.

        What shows which is a second request behind it on the same connection.
        """
        frame = self.frame(api_named(name), version, values)
        probe = self.frame(APIS[18], 0, {})
        answer = self.exchange(frame + struct.pack(">i", len(probe)) + probe, length=len(frame))
        return answer if isinstance(answer, str) else NO_ANSWER

    def frame(self, api: Api, version: int, values: dict[str, Any]) -> bytes:
        """The bytes of one request, without its length."""
        out = bytearray(self._start(api, version))
        return b"".join(api.request[version].write(fill(api.request, values), out))

    def _start(self, api: Api, version: int) -> bytes:
        """A request's header."""
        self._correlation_id += 1
        header = REQUEST_HEADER(
            request_api_key=api.key,
            request_api_version=version,
            correlation_id=self._correlation_id,
            client_id=self._client_id,
        )
        return request_header(api.key, version).build(header)

    def exchange(self, frame: bytes, *, length: int | None = None) -> bytearray | str:
        """Send bytes after a length, and read one frame of answer."""
        sock = self._connected()
        try:
            sock.sendall(struct.pack(">i", len(frame) if length is None else length) + frame)
            size = struct.unpack(">i", self._read(sock, 4))[0]
            return self._read(sock, size)
        except (ConnectionError, EOFError):
            self.close()
            return CLOSED
        except TimeoutError:
            self.close()
            return NO_ANSWER

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    @staticmethod
    def _read(sock: socket.socket, size: int) -> bytearray:
        whole = bytearray()
        while len(whole) < size:
            piece = sock.recv(size - len(whole))
            if not piece:
                raise EOFError
            whole += piece
        return whole

    @staticmethod
    def decode(api: Api, version: int, frame: bytearray) -> Any:
        """The answer in a frame, as plain data."""
        _, at = response_header(api.key, version).read(frame)
        layout = api.response[version]
        message, end = layout.read(frame, at)
        plain = to_dict(layout, message)
        if end != len(frame):
            plain["bytes left over"] = len(frame) - end
        return plain
