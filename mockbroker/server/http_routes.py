"""The one table of what the control plane offers over HTTP: it is served from here, and described from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, NamedTuple

from mockbroker.control.form import Field, read, read_texts
from mockbroker.control.problems import NotFound
from mockbroker.server.http_messages import EventStream, Request, Response
from mockbroker.server.http_problems import Problem
from mockbroker.server.http_sites import Site

__all__ = ["ANYTHING", "Asked", "Route", "arguments_of", "find_route", "routes"]

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


@cache
def routes() -> tuple[Route, ...]:
    """All of them."""
    from mockbroker.server import http_cluster_verbs, http_fault_verbs, http_journal_verbs, http_topic_verbs

    return (
        *http_topic_verbs.ROUTES,
        *http_cluster_verbs.ROUTES,
        *http_fault_verbs.ROUTES,
        *http_journal_verbs.ROUTES,
    )


def find_route(method: str, path: list[str]) -> Route:
    """
    Args:
        path: the parts behind /v1.

    Raises:
        Problem: there is no such route, or not with this method.
    """
    fitting = [route for route in routes() if _fits(route, path)]
    # A literal part is more than a name in braces: /journal/events is no exchange.
    most = max((_literals(route) for route in fitting), default=0)
    fitting = [route for route in fitting if _literals(route) == most]
    wanted = "GET" if method == "HEAD" else method
    for route in fitting:
        if route.method == wanted:
            return route
    if fitting:
        allowed = sorted({route.method for route in fitting})
        detail = f"{method} is not for /v1/{'/'.join(path)}; it has {', '.join(allowed)}"
        raise Problem(405, detail, field="method", choices=allowed, headers=(("Allow", ", ".join(allowed)),))
    paths = dict.fromkeys(f"/v1{route.path}" for route in routes())
    raise Problem(404, f"there is no /v1/{'/'.join(path)}", field="path", choices=paths)


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


def _fits(route: Route, path: list[str]) -> bool:
    parts = route.parts
    return len(parts) == len(path) and all(
        part == given or (part.startswith("{") and given != "")
        for part, given in zip(parts, path, strict=True)
    )


def _literals(route: Route) -> int:
    return sum(not part.startswith("{") for part in route.parts)


def _number(name: str, text: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise NotFound(_NUMBERS[name], text)
    return int(text)
