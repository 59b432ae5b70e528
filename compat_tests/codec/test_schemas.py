"""Our specs say what the schemas in Kafka's own jars say, field by field."""

from __future__ import annotations

from difflib import ndiff

import pytest

from compat_tests.codec.kafka_clients import RELEASES, codec_jars
from compat_tests.codec.schemas import (
    ADDED_LATER,
    TheirSchema,
    name_in,
    our_defaults,
    schemas_in,
    stable_versions,
    tell_ours,
    tell_theirs,
    their_defaults,
)
from protocol_specs import APIS, CONTROLLER_APIS
from protocol_specs.headers import REQUEST_HEADER, RESPONSE_HEADER
from protocol_specs.notation import Schema

ALL = {**APIS, **CONTROLLER_APIS}

#: Between brokers and a controller, in the time of ZooKeeper; and AlterPartition's first name.
LEFT_OUT = {
    "LeaderAndIsrRequest",
    "StopReplicaRequest",
    "UpdateMetadataRequest",
    "ControlledShutdownRequest",
    "AlterIsrRequest",
}


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def schemas(release: str) -> dict[str, TheirSchema]:
    return schemas_in(codec_jars(release) / f"kafka-clients-{release}.jar")


def test_every_stable_version_of_every_api_has_a_spec(schemas: dict[str, TheirSchema]) -> None:
    missing = []
    for name, schema in schemas.items():
        if name.endswith("Request") and name not in LEFT_OUT:
            api = ALL.get(schema["apiKey"])
            if api is None or name_in(schemas, api.request.name) != name:
                missing.append(name)
            else:
                missing += [f"{name} v{v}" for v in stable_versions(schema) if v not in api.versions]
    assert missing == []


def test_fields_are_the_same(release: str, schemas: dict[str, TheirSchema]) -> None:
    differing: list[str] = []
    compared = 0
    for api in ALL.values():
        request = name_in(schemas, api.request.name)
        versions = [] if request is None else stable_versions(schemas[request])
        for version in (one for one in versions if one in api.versions):
            for schema in api:
                name = name_in(schemas, schema.name)
                assert name is not None
                added = ADDED_LATER.get((release, schema.name), set())
                ours = [line for line in tell_ours(schema[version]) if line.split()[0] not in added]
                differing += differences(
                    f"{schema.name} v{version}", tell_theirs(schemas[name], version), ours
                )
                compared += 1
    assert not differing, "\n".join(["- Kafka's, + ours", *differing])
    assert compared > 400


def differences(title: str, theirs: list[str], ours: list[str]) -> list[str]:
    changes = [line for line in ndiff(theirs, ours) if line[0] in "+-"]
    return [f"{title}:", *changes] if changes else []


@pytest.mark.parametrize("header", [REQUEST_HEADER, RESPONSE_HEADER], ids=lambda header: header.name)
def test_headers_are_the_same(schemas: dict[str, TheirSchema], header: Schema) -> None:
    for version in header.versions:
        assert tell_ours(header[version]) == tell_theirs(schemas[header.name], version)


def test_absent_fields_have_the_same_defaults() -> None:
    theirs: dict[str, dict[str, object]] = {}
    for release in reversed(RELEASES):
        for name, schema in schemas_in(codec_jars(release) / f"kafka-clients-{release}.jar").items():
            theirs.setdefault(name, {}).update(their_defaults(schema))
    compared = 0
    for api in ALL.values():
        for message in api:
            ours = dict(our_defaults(message))
            compared += len(ours)
            assert ours == {path: theirs[message.name][path] for path in ours}
    assert compared > 200
