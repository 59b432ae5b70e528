"""The description of the control plane, against the table that it is made from and against what is answered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mockbroker import MockCluster
from mockbroker.control.fault_spec import FaultSpec
from mockbroker.server.http.openapi import document
from mockbroker.server.http.routes import ROUTES
from tests.server.http_client import Client

#: As the interface promises them.
PROMISED = """
GET /health
GET /topics
GET /topics/{topic}
POST /topics
DELETE /topics/{topic}
GET /topics/{topic}/records
POST /topics/{topic}/records
GET /groups
GET /groups/{group}
GET /journal
DELETE /journal
POST /faults
GET /faults
GET /faults/{fault}
DELETE /faults/{fault}
POST /wait
GET /clock
POST /clock/pause
POST /clock/resume
POST /clock/advance
GET /brokers
POST /brokers/{broker}/stop
POST /brokers/{broker}/start
POST /brokers/{broker}/kill
POST /brokers/{broker}/isolate
POST /brokers/{broker}/heal
POST /partitions/{topic}/{partition}/leader
GET /partitions/{topic}/{partition}
POST /partitions/{topic}/{partition}/pause-replication
POST /partitions/{topic}/{partition}/resume-replication
POST /reset
POST /snapshots
POST /snapshots/{snapshot}/restore
POST /clusters
GET /clusters
DELETE /clusters/{cluster}
"""


def references(value: Any) -> set[str]:
    """All that is referred to."""
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("line", PROMISED.split("\n")[1:-1])
def test_what_is_promised_is_offered(line: str) -> None:
    method, path = line.split()
    assert method.lower() in document()["paths"][f"/v1{path}"]


def test_every_route_is_described_once() -> None:
    described = document()
    operations = [each for path in described["paths"].values() for each in path.values()]
    assert len(operations) == len(ROUTES)
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    for path, methods in described["paths"].items():
        for operation in methods.values():
            given = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert given == set(re.findall(r"\{(\w+)\}", path))
            assert operation["summary"]
            assert "4XX" in operation["responses"]


def test_what_is_referred_to_is_there() -> None:
    schemas = document()["components"]["schemas"]
    assert references(document()) == {f"#/components/schemas/{name}" for name in schemas}


def test_a_fault_has_its_fields() -> None:
    body = document()["paths"]["/v1/faults"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert list(body["properties"]) == list(FaultSpec._fields)
    assert body["properties"]["times"] == {"type": ["integer", "null"], "default": 1}


def test_answers_are_as_described() -> None:
    with MockCluster(topics={"orders": 1}) as kafka:
        http = Client(kafka.control_url)
        http.post("/v1/topics/orders/records", {"key": "k", "value": "v"})
        http.post("/v1/faults", {"hang": True, "required": False})
        served = http.get("/v1/openapi.json")
        assert served["openapi"] == "3.1.0"
        for path in (
            "/v1/topics",
            "/v1/topics/orders/records",
            "/v1/brokers",
            "/v1/clock",
            "/v1/faults",
            "/v1/verify",
        ):
            described = path.replace("orders", "{topic}")
            content = served["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]
            check(http.get(path), content["schema"], served["components"]["schemas"], path)


def check(value: Any, schema: dict[str, Any], schemas: dict[str, Any], where: str) -> None:
    """As much of JSON Schema as is used here."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    kind = "null" if value is None else kinds[type(value)]
    allowed = schema.get("type", kind)
    allowed = [allowed] if isinstance(allowed, str) else allowed
    assert kind in allowed or (kind == "integer" and "number" in allowed), (where, value, schema)
    if isinstance(value, dict):
        known = schema.get("properties")
        assert set(schema.get("required", ())) <= set(value), where
        for name, each in value.items():
            if known:
                check(each, known[name], schemas, f"{where}.{name}")
    if isinstance(value, list):
        for each in value:
            check(each, schema.get("items", {}), schemas, f"{where}[]")
