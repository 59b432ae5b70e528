"""The control plane: who may ask, what is asked, what is answered.

Rules kept here:

- Whoever asks must have meant this server: the Host header names a loopback address, or the one that it listens on.
  So a page of another site cannot have its name point here (DNS rebinding). Where a token is needed any name will do.
- A request that changes something and comes from a web page must come from the inspector itself (Origin).
- Where there is a token, all but the health, the inspector's page and the description need it.
- Every verb runs between two requests of its cluster; what it raises is a problem document.
"""

from __future__ import annotations

import hmac
import inspect
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockbroker.server.http import openapi
from mockbroker.server.http.inspector_page import inspector_page
from mockbroker.server.http.loopback import is_loopback
from mockbroker.server.http.messages import EventStream, Request, Response
from mockbroker.server.http.problems import Problem, problem_of
from mockbroker.server.http.route import arguments_of, respond
from mockbroker.server.http.routes import find_route
from mockbroker.server.http.sites import Site, Sites

if TYPE_CHECKING:
    from mockbroker.server.cluster import ServedCluster

__all__ = ["App"]

_READING = ("GET", "HEAD", "OPTIONS")
_OPEN_PATHS = (["v1", "health"], ["v1", "openapi.json"])

_log = logging.getLogger("mockbroker.control")


class App:
    """Answers requests.

    Args:
        host: where it listens, as it was asked for.
        token: what whoever asks must bring; None: nothing.
    """

    def __init__(self, served: ServedCluster, host: str, token: str | None) -> None:
        self._sites = Sites(served)
        self._host = host
        self._token = token

    async def answer(self, request: Request) -> Response | EventStream:
        """The answer to a request; it raises nothing."""
        site = self._sites.first
        given: dict[str, Any] = {}
        try:
            self._check_host(request)
            self._check_origin(request)
            site, path = self._site_of(request.path[1:])
            self._check_token(request, path)
            return await _answer(site, request, path, given)
        except Exception as error:
            problem = problem_of(error, site, given)
            if problem is None:
                _log.exception("%s %s failed", request.method, "/".join(request.path))
                problem = Problem(500, f"{type(error).__name__}: {error}")
            return Response.of_problem(problem)

    def _site_of(self, path: list[str]) -> tuple[Site, list[str]]:
        """Which cluster is meant, and the path under it.

        Raises:
            NotFound: there is no such cluster.
        """
        if path[:2] != ["v1", "clusters"] or len(path) < 4:
            return self._sites.first, path
        site = self._sites.find(int(path[2]) if path[2].isdecimal() else -1)
        rest = path[3:]
        # The inspector's page and the addresses that programs build have a /v1 of their own.
        return site, rest if rest[0] in ("v1", "") else ["v1", *rest]

    def _check_host(self, request: Request) -> None:
        given = request.headers.get("host")
        name = _host_name(given) if given else None
        if not name:
            raise Problem(400, "a Host header is needed", field="Host")
        if self._token is None and not is_loopback(name) and name not in (self._host, request.local_host):
            choices = [self._host, request.local_host, "localhost"]
            raise Problem(421, f"{given} is not this server", field="Host", choices=dict.fromkeys(choices))

    def _check_origin(self, request: Request) -> None:
        if request.method in _READING:
            return
        origin = request.headers.get("origin")
        here = f"http://{request.headers['host']}"
        if origin is not None and origin.lower() != here.lower():
            raise Problem(
                403, f"a page of {origin} may not change anything here", field="Origin", choices=[here]
            )
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Problem(403, "a page of another site may not change anything here", field="Sec-Fetch-Site")

    def _check_token(self, request: Request, path: list[str]) -> None:
        if self._token is None or path in _OPEN_PATHS or path == [""]:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(given.strip().encode(), self._token.encode())
        if scheme.lower() != "bearer" or not is_right:
            challenge = (("WWW-Authenticate", "Bearer"),)
            raise Problem(
                401, "Authorization: Bearer <token> is needed", field="Authorization", headers=challenge
            )


async def _answer(
    site: Site, request: Request, path: list[str], given: dict[str, Any]
) -> Response | EventStream:
    """
    Args:
        given: is told what is asked, by the fields' names.
    """
    if path == [""]:
        _only_read(request)
        return inspector_page()
    if path == ["v1", "openapi.json"]:
        _only_read(request)
        return Response.of_json(200, openapi.document())
    if path[0] != "v1":
        raise Problem(404, f"there is no /{'/'.join(path)}", field="path", choices=["/", "/v1/openapi.json"])
    route = find_route(request.method, path[1:])
    asked = arguments_of(route, request, path[1:])
    given |= asked.path
    if isinstance(asked.body, dict):
        given |= asked.body
    if inspect.iscoroutinefunction(route.answer):
        return respond(route, await route.answer(site, asked))
    return respond(route, site.call(lambda: route.answer(site, asked)))


def _only_read(request: Request) -> None:
    if request.method not in ("GET", "HEAD"):
        headers = (("Allow", "GET, HEAD"),)
        raise Problem(
            405, "this is only to be read", field="method", choices=["GET", "HEAD"], headers=headers
        )


def _host_name(given: str) -> str | None:
    try:
        return urlsplit(f"//{given}").hostname
    except ValueError:
        return None
