"""The one table of what the control plane offers over HTTP: it is served from here, and described from here."""

from __future__ import annotations

from typing import Final

from mockbroker.server.http import cluster_verbs, fault_verbs, journal_verbs, topic_verbs
from mockbroker.server.http.problems import Problem
from mockbroker.server.http.route import Route

__all__ = ["ROUTES", "find_route"]

ROUTES: Final[tuple[Route, ...]] = (
    *topic_verbs.ROUTES,
    *cluster_verbs.ROUTES,
    *fault_verbs.ROUTES,
    *journal_verbs.ROUTES,
)


def find_route(method: str, path: list[str]) -> Route:
    """
    Args:
        path: the parts behind /v1.

    Raises:
        Problem: there is no such route, or not with this method.
    """
    fitting = [route for route in ROUTES if _fits(route, path)]
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
    paths = dict.fromkeys(f"/v1{route.path}" for route in ROUTES)
    raise Problem(404, f"there is no /v1/{'/'.join(path)}", field="path", choices=paths)


def _fits(route: Route, path: list[str]) -> bool:
    parts = route.parts
    return len(parts) == len(path) and all(
        part == given or (part.startswith("{") and given != "")
        for part, given in zip(parts, path, strict=True)
    )


def _literals(route: Route) -> int:
    return sum(not part.startswith("{") for part in route.parts)
