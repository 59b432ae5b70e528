"""Which client is asked for what, and when it may say so."""

from __future__ import annotations

import random

import pytest

from mockbroker.config import Settings
from mockbroker.core.config_changes import Alteration, incremental_alter_configs
from mockbroker.core.configs import Configs
from mockbroker.core.telemetry import ClientFacts, Subscription, Telemetry
from mockbroker.wire.compression import compress
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import make_cluster

ME = b"0123456789abcdef"
ZERO = bytes(16)
CLIENT = ClientFacts(1, 7, "app-1", "apache-kafka-java", "4.3.1", "127.0.0.1", 50_000)
_CLIENT_METRICS = 16


class Desk:
    """The telemetry of a cluster of two on a told clock."""

    def __init__(self) -> None:
        cluster = make_cluster(2)
        self.clock = cluster.clock
        self.configs = Configs(cluster.settings, cluster)
        self.telemetry = Telemetry(
            self.clock, random.Random(1), Settings({"telemetry.max.bytes": "1000"}), self.configs
        )

    def subscription(self, name: str, **configs: str | None) -> None:
        """Set configs of a subscription; underscores stand for dots. None deletes."""
        operations = [
            (key.replace("_", "."), 1 if value is None else 0, value) for key, value in configs.items()
        ]
        [(code, text)] = incremental_alter_configs(
            self.configs, 1, [Alteration(_CLIENT_METRICS, name, operations)]
        )
        assert code == 0, text

    def subscribe(self, id: bytes = ME, client: ClientFacts = CLIENT) -> Subscription:
        return self.telemetry.subscribe(client, id)

    def push(
        self,
        subscription_id: int,
        metrics: bytes = b"",
        *,
        ends: bool = False,
        codec: int = 0,
        id: bytes = ME,
    ) -> None:
        self.telemetry.push(
            CLIENT, id, subscription_id, is_terminating=ends, compression_type=codec, metrics=metrics
        )


def refusal(action: object, *args: object, **options: object) -> ErrorCode:
    with pytest.raises(KafkaError) as raised:
        action(*args, **options)  # type: ignore[operator]
    return raised.value.code


def test_a_client_without_an_id_gets_one() -> None:
    desk = Desk()
    first, second = desk.subscribe(ZERO), desk.subscribe(ZERO)
    assert len({first.client_instance_id, second.client_instance_id, ZERO}) == 3


def test_without_subscriptions_nothing_is_asked_for() -> None:
    subscription = Desk().subscribe()
    assert (subscription.metrics, subscription.interval_ms) == ([], 300_000)


def test_all_subscriptions_that_match_count_together() -> None:
    desk = Desk()
    desk.subscription("a", metrics="x.,y.", interval_ms="2000", match="client_id=app.*")
    desk.subscription(
        "b", metrics="y.,z.", interval_ms="1000", match="client_software_name=apache-kafka-java"
    )
    desk.subscription("c", metrics="no.", interval_ms="100", match="client_id=app")
    subscription = desk.subscribe()
    assert sorted(subscription.metrics) == ["x.", "y.", "z."]
    assert subscription.interval_ms == 1000


def test_one_star_is_everything() -> None:
    desk = Desk()
    desk.subscription("a", metrics="x.")
    desk.subscription("b", metrics="*")
    assert desk.subscribe().metrics == ["*"]


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        ("client_id=app-1", True),
        ("client_id=app", False),
        ("client_software_version=4\\..*", True),
        ("client_source_address=127.*,client_source_port=50000", True),
        ("client_source_address=127.*,client_source_port=5", False),
        ("client_instance_id=MDEyMzQ1Njc4OWFiY2RlZg", True),
    ],
)
def test_matching(match: str, matches: bool) -> None:
    desk = Desk()
    desk.subscription("a", metrics="x.", match=match)
    assert desk.subscribe().metrics == (["x."] if matches else [])


def test_a_client_without_a_client_id_matches_none() -> None:
    desk = Desk()
    desk.subscription("a", metrics="x.", match="client_id=.*")
    assert desk.subscribe(client=CLIENT._replace(client_id=None)).metrics == []


def test_a_client_asks_again_after_the_interval() -> None:
    desk = Desk()
    desk.subscription("a", interval_ms="1000")
    desk.subscribe()
    desk.clock.advance(0.9)
    assert refusal(desk.subscribe) == ErrorCode.THROTTLING_QUOTA_EXCEEDED
    desk.clock.advance(0.1)
    desk.subscribe()


def test_changed_subscriptions_are_told_at_once() -> None:
    desk = Desk()
    before = desk.subscribe()
    desk.subscription("a", metrics="x.", interval_ms="1000")
    after = desk.subscribe()
    assert after.metrics == ["x."]
    assert after.id != before.id
    desk.subscription("a", metrics=None, interval_ms=None)
    assert desk.subscribe() == before


def test_the_first_push_may_come_at_once_and_the_next_after_the_interval() -> None:
    desk = Desk()
    desk.subscription("a", interval_ms="1000")
    own = desk.subscribe().id
    desk.clock.advance(0.01)
    desk.push(own, b"first")
    assert refusal(desk.push, own, b"too early") == ErrorCode.THROTTLING_QUOTA_EXCEEDED
    desk.clock.advance(1)
    desk.push(own, b"second")
    assert [push.metrics for push in desk.telemetry.pushes] == [b"first", b"second"]
    first = desk.telemetry.pushes[0]
    assert (first.client, first.client_instance_id, first.is_terminating) == (CLIENT, ME, False)


def test_the_last_push_may_come_early_and_ends_it() -> None:
    desk = Desk()
    own = desk.subscribe().id
    desk.push(own, b"first")
    desk.push(own, b"last", ends=True)
    desk.clock.advance(400)
    assert refusal(desk.push, own, b"more") == ErrorCode.INVALID_REQUEST
    assert [push.is_terminating for push in desk.telemetry.pushes] == [False, True]


def test_a_push_for_another_subscription_sends_the_client_back() -> None:
    desk = Desk()
    own = desk.subscribe().id
    assert refusal(desk.push, own + 1) == ErrorCode.UNKNOWN_SUBSCRIPTION_ID
    assert desk.subscribe().id == own
    assert refusal(desk.subscribe) == ErrorCode.THROTTLING_QUOTA_EXCEEDED


@pytest.mark.parametrize("id", [ZERO, bytes(15) + b"\1"])
def test_reserved_ids_push_nothing(id: bytes) -> None:
    assert refusal(Desk().push, 1, id=id) == ErrorCode.INVALID_REQUEST


def test_sizes_and_codecs() -> None:
    desk = Desk()
    own = desk.subscribe().id
    assert refusal(desk.push, own, codec=9) == ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    desk.subscribe()
    desk.clock.advance(1)
    assert refusal(desk.push, own, bytes(1001), ends=False) == ErrorCode.THROTTLING_QUOTA_EXCEEDED
    desk.clock.advance(300)
    assert refusal(desk.push, own, bytes(1001)) == ErrorCode.TELEMETRY_TOO_LARGE
    desk.clock.advance(300)
    assert refusal(desk.push, own, compress(1, bytes(1001)), codec=1) == ErrorCode.INVALID_RECORD
    desk.clock.advance(300)
    assert refusal(desk.push, own, b"no zstd", codec=4) == ErrorCode.INVALID_RECORD
    for codec in range(5):
        desk.clock.advance(300)
        desk.push(own, b"plain" if codec == 0 else compress(codec, b"plain"), codec=codec)
    assert [push.metrics for push in desk.telemetry.pushes] == [b"plain"] * 5


def test_a_client_is_forgotten_with_its_connection_or_after_a_silence() -> None:
    desk = Desk()
    desk.subscribe()
    desk.telemetry.disconnected(CLIENT.connection_id, CLIENT.node_id)
    desk.telemetry.disconnected(CLIENT.connection_id, CLIENT.node_id)
    desk.subscribe()
    assert refusal(desk.subscribe) == ErrorCode.THROTTLING_QUOTA_EXCEEDED
    own = desk.subscribe(client=CLIENT._replace(node_id=2)).id
    desk.push(own, b"x", ends=True)
    desk.clock.advance(901)
    desk.push(own, b"y")


def test_only_so_many_pushes_are_kept() -> None:
    desk = Desk()
    own = desk.subscribe().id
    for number in range(1100):
        desk.clock.advance(300)
        desk.push(own, b"%d" % number)
    assert len(desk.telemetry.pushes) == 1000
    assert desk.telemetry.pushes[-1].metrics == b"1099"
