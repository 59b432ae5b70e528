"""What holds for every spec, in every version."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from protocol_specs import APIS, CONTROLLER_APIS, api_named, api_with_key
from protocol_specs.notation import Api, Schema
from protocol_specs.text import from_dict, to_dict
from tests.protocol_specs.random_messages import messages_of

ALL = [*APIS.values(), *CONTROLLER_APIS.values()]
RANDOM_MESSAGES = 3


@pytest.mark.parametrize("api", ALL, ids=repr)
def test_compiled_and_interpreted_are_one(api: Api) -> None:
    for schema in api:
        for version in schema.versions:
            layout = schema[version]
            for message in messages_of(layout, 1, RANDOM_MESSAGES):
                built = b"".join(layout.compiled_build(message, bytearray()))
                stream = io.BytesIO()
                layout.build_stream(message, stream)
                assert stream.getvalue() == built, layout.title
                assert layout.compiled_parse(built, 0) == (message, len(built)), layout.title
                stream.seek(0)
                assert layout.parse_stream(stream) == message, layout.title
                assert stream.tell() == len(built)


@pytest.mark.parametrize("api", ALL, ids=repr)
def test_plain_data_holds_all_of_a_message(api: Api) -> None:
    for schema in api:
        for version in schema.versions:
            layout = schema[version]
            for message in messages_of(layout, 2, 1):
                data = json.loads(json.dumps(to_dict(layout, message)))
                assert from_dict(layout, data) == message, layout.title


@pytest.mark.parametrize("specs", [APIS, CONTROLLER_APIS])
def test_specs_are_where_they_are_said_to_be(specs: dict[int, Api]) -> None:
    assert list(specs) == sorted(specs)
    for key, api in specs.items():
        assert api.key == key
        assert api_with_key(key) is api
        assert api_named(api.name) is api
        assert api_named(api.name.upper()) is api


def test_apis_that_there_are_not() -> None:
    with pytest.raises(KeyError, match="no API is named 'Consume'; there are Produce, Fetch"):
        api_named("Consume")
    with pytest.raises(KeyError, match="no API has the key 4"):
        api_with_key(4)
    assert 4 not in APIS


@pytest.mark.parametrize("api", ALL, ids=repr)
def test_no_struct_hides_behind_an_attribute_of_its_schema(api: Api) -> None:
    def check(schema: Schema) -> None:
        for name, field in schema.fields.items():
            if field.fields is not None:
                assert not hasattr(Schema, name), f"{schema.name}.{name}"
                assert name not in ("name", "span", "fields", "flexible_from"), f"{schema.name}.{name}"
                check(getattr(schema, name))

    for schema in api:
        check(schema)


def test_importing_the_package_imports_no_spec_and_no_construct() -> None:
    program = (
        "import sys, protocol_specs.errors, protocol_specs.record_batch;"
        "print([name for name in sys.modules if name in ('construct', 'protocol_specs.produce')])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
