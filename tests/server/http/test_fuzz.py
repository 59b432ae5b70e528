"""Whatever is sent to the control plane, it answers as its description says, and never fails."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockbroker import MockCluster
from mockbroker.server.http.openapi import document
from mockbroker.server.http.route import Route
from mockbroker.server.http.routes import ROUTES

#: What would end the process' clusters, or take their time.
_LEFT_OUT = ("/journal/events", "/state/events", "/clusters")

#: Values that say something, so that more than the names is looked at.
_TELLING: list[Any] = [
    *(
        "orders",
        "billing",
        "Produce",
        "Fetch",
        "Metadata",
        "NOT_LEADER_OR_FOLLOWER",
        "3-8",
        "12+",
        "before",
        "end",
    ),
    *("request", "crc", "group", "records", "leader_flaps", "slow_broker", "127.0.0.1:9", "Stable", "", "*"),
    *(0, 1, 2, 9, -1, 2**31, 2**63, 2**70, 0.5, 1e300, 3.0, None, True, False, [], {}, ["orders"], [1, 2]),
    *(
        {"leader": 1},
        {"leader": "x"},
        {"addresses": {"1": "localhost:1"}},
        {"addresses": {"x": 5}},
        {"orders": 6},
    ),
    *(
        {"Produce": "3-8"},
        {"Produce": None},
        {"Produce": 5},
        {"retention.ms": "1000"},
        [["a", "b"]],
        "a" * 300,
    ),
]
_values = st.sampled_from(_TELLING) | st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def control_url() -> Iterator[str]:
    with MockCluster(brokers=2, topics={"orders": 2}, seed=1) as kafka:
        # Removed by a fuzzed DELETE now and then, and never fired.
        yield kafka.control_url
        kafka.clear_faults()


def _fuzzed() -> list[Any]:
    return [
        pytest.param(route, id=f"{route.method} {route.path}")
        for route in ROUTES
        if not route.path.startswith(_LEFT_OUT)
    ]


def _names(route: Route) -> list[str]:
    """Of the fields of its body."""
    shown = document()["paths"][f"/v1{route.path}"][route.method.lower()].get("requestBody")
    schema = shown["content"]["application/json"]["schema"] if shown else {}
    return [*schema.get("properties", {}), "nonsense"]


@pytest.mark.parametrize("route", _fuzzed())
def test_nothing_that_is_asked_makes_it_fail(control_url: str, route: Route) -> None:
    connection = http.client.HTTPConnection(control_url.removeprefix("http://"), timeout=20)
    queries = st.dictionaries(
        st.sampled_from([*(field.name for field in route.query), "nonsense"]), _values.map(str), max_size=3
    )
    bodies = st.dictionaries(st.sampled_from(_names(route)), _values, max_size=4) | _values
    parts = st.lists(
        st.sampled_from(
            ["orders", "billing", "0", "1", "2", "-1", "99999999999999999999", "x", "²", "a b", "."]
        ),
        min_size=len(route.names),
        max_size=len(route.names),
    )

    @settings(max_examples=20, deadline=None, database=None, derandomize=True)
    @given(parts=parts, query=queries, body=bodies)
    def ask(parts: list[str], query: dict[str, str], body: Any) -> None:
        path = route.path
        for name, part in zip(route.names, parts, strict=True):
            path = path.replace(f"{{{name}}}", quote(part, safe=""), 1)
        if route.path == "/wait" and isinstance(body, dict):
            body["timeout"] = 0
        if route.path == "/clock/advance":
            body = {"seconds": 1} if body == {} else body
        content = json.dumps(body) if route.method == "POST" else None
        connection.request(route.method, f"/v1{path}?{urlencode(query)}", content)
        response = connection.getresponse()
        text = response.read()
        assert response.status < 500, text
        if response.status >= 400:
            problem = json.loads(text)
            assert response.getheader("Content-Type") == "application/problem+json"
            assert problem["status"] == response.status
            assert problem["detail"]

    try:
        ask()
    finally:
        connection.close()
