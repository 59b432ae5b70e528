"""A client of the control plane, of the standard library alone."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

__all__ = ["Client", "Refused"]

#: Seconds; a wait takes as long as it was told, and is given that much more.
_TIMEOUT = 30.0


class Refused(Exception):
    """The control plane is not there, or has refused."""


class Client:
    """Speaks with one control plane.

    Args:
        url: where it is; a path is that of a further cluster.
        token: where it needs one.

    Raises:
        Refused: the url is none.
    """

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            port = None
        if parts.scheme != "http" or not parts.hostname:
            raise Refused(f"http://HOST:PORT is needed, not {url}")
        self.url = url
        self._address = parts.hostname, port or 80
        self._path = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    @staticmethod
    def quoted(part: object) -> str:
        """A part of a path."""
        return quote(str(part), safe="")

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        patience: float = 0,
    ) -> Any:
        """The JSON that is answered; None where there is none.

        Args:
            path: behind /v1.
            patience: seconds that it may take longer.

        Raises:
            Refused: it was.
        """
        response = self._open(method, path, query or {}, body, _TIMEOUT + patience)
        content = response.read()
        return json.loads(content) if content else None

    def content(self, path: str, query: Mapping[str, Any]) -> bytes:
        """What is there, as bytes.

        Raises:
            Refused: nothing.
        """
        return self._open("GET", path, query, None, _TIMEOUT).read()

    def events(self, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """The data of server-sent events, as they come.

        Raises:
            Refused: there are none.
        """
        with self._open("GET", path, query, None, None) as response:
            for line in response:
                field, _, value = line.partition(b": ")
                if field == b"data":
                    yield json.loads(value)

    def _open(
        self, method: str, path: str, query: Mapping[str, Any], body: Any, timeout: float | None
    ) -> http.client.HTTPResponse:
        asked = urlencode(query, doseq=True)
        target = f"{self._path}/v1{path}{'?' if asked else ''}{asked}"
        content = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, **({"Content-Type": "application/json"} if content else {})}
        connection = http.client.HTTPConnection(*self._address, timeout=timeout)
        try:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Refused(f"cannot reach the control plane at {self.url}: {why.lower()}") from error
        if response.status >= 400:
            raise Refused(_words(response.read()) or f"{response.status} {response.reason}")
        return response


def _words(content: bytes) -> str:
    """What a problem document says."""
    try:
        problem = json.loads(content)
        said = str(problem["detail"])
        choices = problem.get("choices", ())
    except (ValueError, KeyError, TypeError):
        return ""
    return said if not choices or "choose from" in said else f"{said}; choose from {', '.join(choices)}"
