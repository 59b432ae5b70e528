"""What the options of `mockbroker serve` do, as clients see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from protocol_specs import api_named
from tests.cli.test_serve import Serve
from tests.server.http_client import Client, KafkaClient

_TELEMETRY = 71
_STATIC_BROKER_CONFIG = 4

Start = Callable[..., Serve]


@pytest.fixture
def serve() -> Iterator[Start]:
    started: list[Serve] = []

    def start(*options: str) -> Serve:
        started.append(Serve("--port", "0", *options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def ask(server: Serve, api: str, version: int, **fields: Any) -> Any:
    with KafkaClient(server.bootstrap_servers[0]) as client:
        return client.ask(api, version, **fields)


def versions(server: Serve) -> dict[int, int]:
    """The newest version of each API that is offered."""
    return {each.api_key: each.max_version for each in ask(server, "ApiVersions", 0).api_keys}


def test_racks_and_ids(serve: Start) -> None:
    server = serve("--brokers", "3", "--racks", "a,,c", "--set", "node.id=0")
    brokers = ask(server, "Metadata", 1, topics=[]).brokers
    assert [(broker.node_id, broker.rack) for broker in brokers] == [(0, "a"), (1, None), (2, "c")]


def test_a_seed_repeats_ids(serve: Start) -> None:
    servers = [serve("--seed", seed, "--topic", "orders") for seed in ("7", "7", "8")]
    first, again, other = (ask(server, "Metadata", 10, topics=None) for server in servers)
    assert first.cluster_id == again.cluster_id != other.cluster_id
    assert first.topics[0].topic_id == again.topics[0].topic_id != other.topics[0].topic_id


def test_an_older_release(serve: Start) -> None:
    newest = versions(serve())
    older = versions(serve("--emulate", "2.8"))
    produce = api_named("Produce").key
    assert older[produce] == 9 < newest[produce]


def test_telemetry_is_offered_where_it_is_wanted(serve: Start) -> None:
    assert _TELEMETRY not in versions(serve())
    assert _TELEMETRY in versions(serve("--telemetry"))


def test_memory_has_its_limit(serve: Start) -> None:
    server = serve("--memory-limit", "5000", "--control", "0", "--topic", "orders:1")
    assert server.control is not None
    http = Client(server.control)
    assert http.ask("POST", "/v1/topics/orders/records", {"value": "a" * 1000}).status < 300
    answer = http.ask("POST", "/v1/topics/orders/records", {"value": "a" * 10_000})
    assert (answer.status, answer.data["error"]) == (400, "KAFKA_STORAGE_ERROR")


def test_what_was_set_is_static_also_where_it_is_the_default(serve: Start) -> None:
    server = serve("--set", "num.partitions=1", "--set", "log.cleaner.threads=4")
    resource = api_named("DescribeConfigs").request.resources(
        resource_type=4, resource_name="1", configuration_keys=["num.partitions", "num.io.threads"]
    )
    answer = ask(server, "DescribeConfigs", 1, resources=[resource], include_synonyms=False)
    (found,) = answer.results
    sources = {each.name: (each.value, each.config_source) for each in found.configs}
    assert sources["num.partitions"] == ("1", _STATIC_BROKER_CONFIG)
    assert sources["num.io.threads"][1] != _STATIC_BROKER_CONFIG
    # Kafka has it, and it has no effect here.
    assert "log.cleaner.threads has no effect here" in server.end()
