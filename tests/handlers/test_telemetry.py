"""GetTelemetrySubscriptions and PushTelemetry over frames, and when they are advertised."""

from __future__ import annotations

import pytest

from mockbroker import MockCluster
from mockbroker.profiles import KAFKA_4_3
from tests.handlers.plain import Desk

ME = b"0123456789abcdef"


def test_what_a_client_is_told() -> None:
    client = Desk().client()
    answer = client.ask("GetTelemetrySubscriptions", client_instance_id=ME)
    assert answer == {
        "throttle_time_ms": 0,
        "error_code": 0,
        "client_instance_id": "MDEyMzQ1Njc4OWFiY2RlZg",
        "subscription_id": answer["subscription_id"],
        "accepted_compression_types": [4, 3, 1, 2],
        "push_interval_ms": 300_000,
        "telemetry_max_bytes": 1_048_576,
        "delta_temporality": True,
        "requested_metrics": [],
    }


def test_what_a_client_pushes_is_kept_with_what_is_known_of_it() -> None:
    desk = Desk()
    client = desk.client(client_id="app")
    client.ask("ApiVersions", 3, client_software_name="lib", client_software_version="1.2")
    own = client.ask("GetTelemetrySubscriptions", client_instance_id=ME)["subscription_id"]
    pushed = {"client_instance_id": ME, "subscription_id": own, "metrics": b"otlp"}
    assert client.ask("PushTelemetry", **pushed)["error_code"] == 0
    assert client.ask("PushTelemetry", **pushed)["error_code"] == 89
    [push] = desk.core.telemetry.pushes
    facts = push.client
    assert (facts.client_id, facts.software_name, facts.software_version) == ("app", "lib", "1.2")
    assert push.metrics == b"otlp"


def test_a_client_that_leaves_is_forgotten() -> None:
    desk = Desk()
    client = desk.client()
    client.ask("GetTelemetrySubscriptions", client_instance_id=ME)
    again = desk.client()
    assert again.ask("GetTelemetrySubscriptions", client_instance_id=ME)["error_code"] == 89
    desk.broker.disconnected(client.caller)
    assert again.ask("GetTelemetrySubscriptions", client_instance_id=ME)["error_code"] == 0


def test_it_is_served_but_advertised_only_on_request() -> None:
    for key in (71, 72):
        assert KAFKA_4_3.served(key) == range(1)
        assert KAFKA_4_3.advertised(key) is None
        assert KAFKA_4_3.with_telemetry().advertised(key) == (0, 0)
    assert KAFKA_4_3.with_telemetry().advertised(0) == KAFKA_4_3.advertised(0)


@pytest.mark.parametrize("telemetry", [False, True])
def test_a_cluster_is_told_to_advertise_it(telemetry: bool) -> None:
    with MockCluster(telemetry=telemetry) as kafka:
        assert kafka.client_metrics() == []
        profile = kafka._served.core.profile
        assert (profile.advertised(71) is not None) is telemetry
