"""Clients over sockets: of the control plane, and of the brokers beside it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.control.clients import decoded, frame

__all__ = ["Answer", "Client", "KafkaClient"]


class Answer(NamedTuple):
    """What came back; `data` is the JSON, or None where there is none."""

    status: int
    data: Any
    headers: dict[str, str]
    content: bytes


class Client:
    """Asks one control plane, each time on a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or 80
        self._path = parts.path

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Headers: with `_` for `-`; a body that is bytes goes as it is."""
        connection = http.client.HTTPConnection(*self._address, timeout=20)
        try:
            content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, self._path + path, content, named)
            response = connection.getresponse()
            text = response.read()
            is_json = (response.getheader("Content-Type") or "").endswith("json") and text
            given = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, json.loads(text) if is_json else None, given, text)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a request that must succeed."""
        return self._ok(self.ask("GET", path, **headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON of a request that must succeed."""
        return self._ok(self.ask("POST", path, body, **headers))

    def delete(self, path: str) -> Any:
        """The JSON of a request that must succeed."""
        return self._ok(self.ask("DELETE", path))

    @contextmanager
    def events(self, path: str, **headers: str) -> Iterator[Iterator[tuple[str, Any]]]:
        """The events of a stream as they come: names and data."""
        connection = http.client.HTTPConnection(*self._address, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", self._path + path, None, named)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        assert response.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        try:
            yield _events(response)
        finally:
            response.close()
            connection.close()

    def _ok(self, answer: Answer) -> Any:
        assert answer.status < 300, answer
        return answer.data


def _events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in response:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


class KafkaClient:
    """One connection to the first of some brokers."""

    def __init__(self, bootstrap_servers: str, client_id: str | None = "test") -> None:
        host, _, port = bootstrap_servers.partition(",")[0].rpartition(":")
        self._client_id = client_id
        self._sock = socket.create_connection((host, int(port)), timeout=20)

    def ask(self, api: str, version: int, **fields: Any) -> Any:
        """The answer.

        Raises:
            ConnectionError: there is none, the broker has closed the connection.
        """
        request = frame(api, version, self._client_id, **fields)
        self._sock.sendall(len(request).to_bytes(4, "big") + request)
        size = self._receive(4)
        return decoded(api, version, [size + self._receive(int.from_bytes(size, "big"))])

    def _receive(self, size: int) -> bytes:
        data = self._sock.recv(size, socket.MSG_WAITALL) if size else b""
        if len(data) < size:
            raise ConnectionError("the broker has closed the connection")
        return data

    def __enter__(self) -> KafkaClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self._sock.close()
