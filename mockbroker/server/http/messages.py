"""Requests and responses, apart from how they travel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from mockbroker.server.http.json_text import dump
from mockbroker.server.http.problems import PROBLEM_TYPE, Problem

__all__ = ["EventStream", "Request", "Response"]


class Request(NamedTuple):
    """A request.

    Attributes:
        path: its parts, decoded, the first one empty.
        query: its parameters.
        headers: by their names in small letters; the last of several counts.
        local_host: the address on which the client came in.
    """

    method: str
    path: list[str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    local_host: str

    def json(self) -> Any:
        """The body, an empty object where there is none. What the client calls it does not matter.

        Raises:
            Problem: it is no JSON.
        """
        if not self.body.strip():
            return {}
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"the body is no JSON: {error}", field="body") from None


class Response(NamedTuple):
    """A response."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, status: int, value: Any) -> Response:
        """Nothing is to be kept: the next moment it may be otherwise."""
        return cls(status, dump(value), headers=(("Cache-Control", "no-store"),))

    @classmethod
    def of_problem(cls, problem: Problem) -> Response:
        return cls(problem.status, dump(problem.as_data()), PROBLEM_TYPE, problem.headers)


class EventStream(NamedTuple):
    """A response that goes on: server-sent events."""

    parts: Callable[[], AsyncIterator[bytes]]


def _refuse_constant(name: str) -> Any:
    """NaN and the infinities are Python's, not JSON's."""
    raise ValueError(f"{name} is no number")
