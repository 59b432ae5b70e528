"""One thing that the control plane offers over HTTP: where it is, what it takes, and what it is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from mockbroker.control.form import Field, read, read_texts
from mockbroker.control.problems import NotFound
from mockbroker.server.http.messages import EventStream, Request, Response
from mockbroker.server.http.sites import Site

__all__ = ["ANYTHING", "Asked", "Route", "arguments_of", "respond"]

#: A body that its verb checks itself.
ANYTHING = (Field("*"),)

#: Parts of paths that are numbers, and what they are called where there is no such thing.
_NUMBERS = {
    "partition": "partition",
    "broker": "broker",
    "fault": "fault",
    "snapshot": "snapshot",
    "scenario": "scenario",
    "cluster": "cluster",
    "number": "exchange",
}


class Asked(NamedTuple):
    """What a route is asked: the parts of its path, the parameters, and the body, all checked."""

    path: dict[str, Any]
    query: dict[str, Any]
    body: Any
    headers: dict[str, str]


Answer = Callable[[Site, Asked], Any]


class Route(NamedTuple):
    """Something that the control plane offers.

    Attributes:
        path: without the leading /v1; {names} in braces.
        answer: run between two requests of the cluster; a coroutine function is awaited instead, and sees to that
            itself.
        summary: what it does, in a line.
        query, body: the fields that it takes; body `ANYTHING`: its verb checks them.
        described: the fields of such a body, for documents.
        result: the JSON Schema of what it answers.
        status: of the answer.
    """

    method: str
    path: str
    answer: Answer | Callable[[Site, Asked], Awaitable[Any]]
    summary: str
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    described: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    status: int = 200

    @property
    def parts(self) -> list[str]:
        """Of the path."""
        return self.path.split("/")[1:]

    @property
    def names(self) -> list[str]:
        """Of what stands in braces."""
        return [part[1:-1] for part in self.parts if part.startswith("{")]


def arguments_of(route: Route, request: Request, path: list[str]) -> Asked:
    """What is asked, checked.

    Raises:
        BadField: a name or a value is not right, or something is missing.
        NotFound: a number in the path is none.
        Problem: the body is no JSON.
    """
    in_path: dict[str, Any] = {}
    for part, given in zip(route.parts, path, strict=True):
        if part.startswith("{"):
            name = part[1:-1]
            in_path[name] = _number(name, given) if name in _NUMBERS else given
    what = f"{route.method} /v1{route.path}"
    query = read_texts(request.query, route.query, what)
    body: Any = None
    if route.method == "POST":
        body = request.json()
        if route.body is not ANYTHING:
            body = read(body, route.body, what)
    return Asked(in_path, query, body, request.headers)


def respond(route: Route, value: Any) -> Response | EventStream:
    """What a route gave, as a response."""
    if isinstance(value, (Response, EventStream)):
        return value
    if value is None:
        return Response(204)
    return Response.of_json(route.status, value)


def _number(name: str, text: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise NotFound(_NUMBERS[name], text)
    return int(text)
