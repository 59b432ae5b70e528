"""Random and edge messages of every version, through the generated classes of kafka-clients and back.

Kafka reads our bytes; the JSON that it makes of them must say what our message says; what it writes must be the same
bytes again, and what we read of those the same message.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

import pytest

from compat_tests.codec.kafka_clients import RELEASES, Answer, ask, ask_messages, codec_jars
from compat_tests.codec.schemas import (
    ADDED_LATER,
    name_in,
    name_of_today,
    schemas_in,
    snake_case,
    stable_versions,
)
from protocol_specs import (
    APIS,
    CONTROLLER_APIS,
    classic_group_log,
    consumer_group_log,
    share_group_log,
    share_state_log,
    streams_group_log,
    transaction_log,
)
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.grammar import grammar
from protocol_specs.headers import REQUEST_HEADER, RESPONSE_HEADER, request_header, response_header
from protocol_specs.layout import Layout
from protocol_specs.message import Message
from protocol_specs.metadata import METADATA
from protocol_specs.notation import Schema
from protocol_specs.text import Style, to_dict
from tests.protocol_specs.random_messages import messages_of

SEED = 20
#: Of each version, beside the three at the edges. More take longer and have never shown more.
RANDOM_MESSAGES = int(os.environ.get("MOCKBROKER_CODEC_MESSAGES", "4"))

ALL = {**APIS, **CONTROLLER_APIS}
COMMON = "org.apache.kafka.common.message."
COORDINATOR = "org.apache.kafka.coordinator."
#: The packages of the classes of internal topics' records.
LOGS = {
    classic_group_log: f"{COORDINATOR}group.generated.",
    consumer_group_log: f"{COORDINATOR}group.generated.",
    share_group_log: f"{COORDINATOR}group.generated.",
    streams_group_log: f"{COORDINATOR}group.generated.",
    share_state_log: f"{COORDINATOR}share.generated.",
    transaction_log: f"{COORDINATOR}transaction.generated.",
}

#: As the converters have it: bytes in base64, records by their size alone.
STYLE = Style(records=len)


class Case(NamedTuple):
    """One message, and what the release calls it."""

    layout: Layout
    message: Message
    theirs: str
    class_name: str


def cases_of(schema: Schema, versions: Collection[int], class_name: str, theirs: str) -> Iterator[Case]:
    for version in versions:
        for message in messages_of(schema[version], SEED, RANDOM_MESSAGES):
            yield Case(schema[version], message, theirs, class_name)


def api_cases(release: str) -> Iterator[Case]:
    """Of every version of every API that is stable in the release."""
    schemas = schemas_in(codec_jars(release) / f"kafka-clients-{release}.jar")
    for api in ALL.values():
        request = name_in(schemas, api.request.name)
        for schema in api if request is not None else ():
            theirs = name_in(schemas, schema.name)
            assert theirs is not None
            assert request is not None
            yield from cases_of(schema, stable_versions(schemas[request]), f"{COMMON}{theirs}Data", theirs)
    for header in (REQUEST_HEADER, RESPONSE_HEADER):
        yield from cases_of(header, header.versions, f"{COMMON}{header.name}Data", header.name)


def log_cases() -> Iterator[Case]:
    """Of every record of the internal topics, and of what consumers tell one another."""
    for module, package in LOGS.items():
        for value in vars(module).values():
            if isinstance(value, Schema):
                yield from cases_of(value, value.versions, f"{package}{value.name}", value.name)
    for schema in (CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION):
        yield from cases_of(schema, schema.versions, f"{COMMON}{schema.name}", schema.name)


def told_by_us(case: Case, added: Collection[str]) -> Any:
    """Our plain data, without what the converters leave out."""
    return _without(to_dict(case.layout, case.message, STYLE), {"unknown_tagged_fields", *added})


def _without(data: Any, names: Collection[str]) -> Any:
    if isinstance(data, dict):
        return {name: _without(value, names) for name, value in data.items() if name not in names}
    return [_without(value, names) for value in data] if isinstance(data, list) else data


def told_by_kafka(case: Case, data: Any, path: str = "") -> Any:
    """The converters' JSON under the names of today, as the protocol guide spells them."""
    if isinstance(data, list):
        return [told_by_kafka(case, value, path) for value in data]
    if not isinstance(data, dict):
        return data
    told = {}
    for name, value in data.items():
        inner = f"{path}.{snake_case(name.removesuffix('SizeInBytes'))}".removeprefix(".")
        told[name_of_today(case.theirs, inner)] = told_by_kafka(case, value, inner)
    return told


def what_differs(case: Case, answer: Answer, added: Collection[str]) -> str:
    """Empty when Kafka and we agree on one message."""
    ours = case.layout.build(case.message)
    if answer.error:
        return f"Kafka refuses {ours.hex()}: {answer.error}"
    if answer.content != ours:
        return f"Kafka writes {answer.content.hex()} for {ours.hex()}"
    if told_by_kafka(case, answer.data) != told_by_us(case, added):
        return f"Kafka reads {json.dumps(answer.data)} in {json.dumps(told_by_us(case, added))}"
    if case.layout.parse(answer.content) != case.message:
        return f"we read {case.layout.parse(answer.content)!r} in what Kafka wrote for {case.message!r}"
    return ""


def compare(release: str, cases: Sequence[Case]) -> None:
    answers = ask_messages(
        release, [(case.class_name, case.layout.version, case.layout.build(case.message)) for case in cases]
    )
    differing = []
    for case, answer in zip(cases, answers, strict=True):
        difference = what_differs(case, answer, ADDED_LATER.get((release, case.theirs), ()))
        if difference:
            differing.append(f"{case.layout.title}: {difference}")
    assert not differing, f"{len(differing)} of {len(cases)} messages differ, first: {differing[0][:4000]}"


@pytest.mark.parametrize("release", RELEASES)
def test_messages_are_the_same(release: str, record_property: Callable[[str, object], None]) -> None:
    cases = list(api_cases(release))
    compare(release, cases)
    layouts = len({case.layout.title for case in cases})
    record_property(
        "compared",
        f"{len(cases)} messages of {layouts} message versions are the same in kafka-clients {release}",
    )
    assert layouts > 400


def test_records_of_internal_topics_are_the_same(record_property: Callable[[str, object], None]) -> None:
    cases = list(log_cases())
    compare("4.3.1", cases)
    record_property(
        "compared", f"{len(cases)} records of internal topics and blobs are the same in Kafka 4.3.1"
    )
    assert len({case.layout.title for case in cases}) > 50


def test_text_that_is_not_utf_8_is_read_alike() -> None:
    random = Random(SEED)
    pieces = [
        b"A",
        b"\xc3\xa9",
        b"\xe2\x82\xac",
        b"\xf0\x9f\x98\x80",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf4\x90\x80",
    ]
    layout = METADATA.request[0]
    contents = []
    for _ in range(2000):
        text = bytes(byte for piece in random.choices(pieces, k=5) for byte in piece if random.random() < 0.8)
        contents.append(b"\0\0\0\1" + len(text).to_bytes(2) + text)
    answers = ask_messages("4.3.1", [(f"{COMMON}MetadataRequestData", 0, content) for content in contents])
    ours = [layout.parse(content).topics[0].name for content in contents]
    assert ours == [answer.data["topics"][0]["name"] for answer in answers]


@pytest.mark.parametrize("release", RELEASES)
def test_headers_go_with_the_same_versions(release: str) -> None:
    schemas = schemas_in(codec_jars(release) / f"kafka-clients-{release}.jar")
    versions = [
        (key, version)
        for key, api in ALL.items()
        if (request := name_in(schemas, api.request.name)) is not None
        for version in stable_versions(schemas[request])
    ]
    answers = ask(release, [f"headers {key} {version}" for key, version in versions])
    ours = [
        f"{request_header(key, version).version} {response_header(key, version).version}"
        for key, version in versions
    ]
    assert dict(zip(versions, ours, strict=True)) == dict(zip(versions, answers, strict=True))
    assert len(versions) > 200


def test_the_grammar_is_that_of_kafka_s_guide() -> None:
    schemas = schemas_in(codec_jars("4.3.1") / "kafka-clients-4.3.1.jar")
    layouts = [
        schema[version]
        for api in ALL.values()
        for schema in api
        for version in stable_versions(schemas[api.request.name])
    ]
    questions = [f"grammar {COMMON}{layout.body.make.schema.name}Data {layout.version}" for layout in layouts]
    for layout, answer in zip(layouts, ask("4.3.1", questions), strict=True):
        theirs = json.loads(answer).replace("&lt;", "<").replace("&gt;", ">")
        assert grammar("M", layout.body) == f"M => {theirs}", layout.title
