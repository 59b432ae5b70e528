"""Whose quota counts, and how long somebody is held."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.config import Settings
from mockbroker.core.quotas import ClientQuotas, QuotaChange
from mockbroker.core.throttling import Throttling
from mockbroker.core.time import Clock
from protocol_specs.errors import ErrorCode, KafkaError

START = 1_700_000_000.0
ALICE = ("alice", "app")
MAX_INT32 = 2**31 - 1


class Desk:
    """Quotas and their enforcement on a told clock."""

    def __init__(self, **settings: Any) -> None:
        static = {name.replace("_", "."): str(value) for name, value in settings.items()}
        self.clock = Clock(START)
        self.quotas = ClientQuotas()
        self.throttling = Throttling(self.clock, Settings(static), self.quotas)

    def set(self, user: str | None = "-", client_id: str | None = "-", **values: float | None) -> None:
        """Set quotas; "-" is no such kind, None the default."""
        entity = {"user": user, "client-id": client_id}
        given = {kind: name for kind, name in entity.items() if name != "-"}
        [error] = self.quotas.alter([QuotaChange(given, list(values.items()))]).values()
        assert error is None


def test_nobody_is_held_without_quotas() -> None:
    desk = Desk()
    assert not desk.throttling.is_active
    assert desk.throttling.produce(1, ALICE, 10**9) == 0
    assert desk.throttling.most_fetchable(ALICE) == MAX_INT32
    assert desk.throttling.mutations(ALICE, is_strict=True) is None


def test_activity_follows_the_quotas_of_clients() -> None:
    desk = Desk()
    desk.quotas.alter([QuotaChange({"ip": None}, [("connection_creation_rate", 1.0)])])
    assert not desk.throttling.is_active
    desk.set(user="bob", producer_byte_rate=1.0)
    assert desk.throttling.is_active
    desk.set(user="bob", producer_byte_rate=None)
    assert not desk.throttling.is_active


def test_a_producer_is_held_until_its_rate_is_down() -> None:
    desk = Desk()
    desk.set(client_id="app", producer_byte_rate=1000.0)
    # A window of eleven samples, of which the current one has just begun: ten seconds.
    assert desk.throttling.produce(1, ALICE, 10_000) == 0
    assert desk.throttling.produce(1, ALICE, 1_742) == 1_742
    desk.clock.advance(1.742)
    assert desk.throttling.produce(1, ALICE, 0) == pytest.approx(1000, abs=1)  # Half a window begun.
    desk.clock.advance(20)
    assert desk.throttling.produce(1, ALICE, 10_000) == 0


def test_each_broker_measures_for_itself() -> None:
    desk = Desk()
    desk.set(client_id="app", producer_byte_rate=1000.0)
    assert desk.throttling.produce(1, ALICE, 10_000) == 0
    assert desk.throttling.produce(2, ALICE, 10_000) == 0
    assert desk.throttling.produce(1, ALICE, 1) == 1


def test_produced_and_fetched_bytes_are_apart() -> None:
    desk = Desk()
    desk.set(client_id="app", producer_byte_rate=1000.0, consumer_byte_rate=1000.0)
    assert desk.throttling.produce(1, ALICE, 20_000) == 10_000
    assert desk.throttling.fetch(1, ALICE, 10_000) == 0


LEVELS: list[tuple[str | None, str | None]] = [
    ("alice", "app"),
    ("alice", None),
    ("alice", "-"),
    (None, "app"),
    (None, None),
    (None, "-"),
    ("-", "app"),
    ("-", None),
]


@pytest.mark.parametrize("nearest", range(len(LEVELS)))
def test_the_nearest_quota_counts(nearest: int) -> None:
    desk = Desk()
    for rank, (user, client_id) in enumerate(LEVELS[nearest:], nearest):
        desk.set(user, client_id, consumer_byte_rate=1000.0 + rank)
    assert desk.throttling.most_fetchable(ALICE) == (1000 + nearest) * 10


def test_quotas_of_others_do_not_count() -> None:
    desk = Desk()
    desk.set("bob", "app", consumer_byte_rate=1.0)
    desk.set("alice", "other", consumer_byte_rate=1.0)
    desk.set("bob", consumer_byte_rate=1.0)
    assert desk.throttling.most_fetchable(ALICE) == MAX_INT32


def test_the_clients_of_a_user_share_the_users_quota() -> None:
    desk = Desk()
    desk.set("alice", producer_byte_rate=1000.0)
    assert desk.throttling.produce(1, ("alice", "a"), 10_000) == 0
    assert desk.throttling.produce(1, ("alice", "b"), 500) == 500
    assert desk.throttling.produce(1, ("bob", "a"), 99_999) == 0


def test_those_under_a_default_do_not_share_it() -> None:
    desk = Desk()
    desk.set(client_id=None, producer_byte_rate=1000.0)
    assert desk.throttling.produce(1, ("alice", "a"), 10_000) == 0
    assert desk.throttling.produce(1, ("alice", "b"), 10_000) == 0


def test_without_a_client_id_there_is_no_quota_of_client_ids() -> None:
    desk = Desk()
    desk.set(client_id=None, consumer_byte_rate=1.0)
    desk.set("alice", None, consumer_byte_rate=1.0)
    assert desk.throttling.most_fetchable(("alice", "")) == MAX_INT32
    desk.set(None, consumer_byte_rate=7.0)
    assert desk.throttling.most_fetchable(("alice", "")) == 70


def test_windows_are_as_configured() -> None:
    desk = Desk(quota_window_num=3, quota_window_size_seconds=5)
    desk.set(client_id="app", consumer_byte_rate=100.0, producer_byte_rate=100.0)
    assert desk.throttling.most_fetchable(ALICE) == 1000
    assert desk.throttling.produce(1, ALICE, 1500) == 5000


def test_a_fetch_that_is_held_does_not_count() -> None:
    desk = Desk()
    desk.set(client_id="app", consumer_byte_rate=1000.0)
    assert desk.throttling.fetch(1, ALICE, 9_000) == 0
    assert desk.throttling.fetch(1, ALICE, 9_000) == 8_000
    assert desk.throttling.fetch(1, ALICE, 1_000) == 0


def test_request_time_holds_for_one_window_at_most() -> None:
    desk = Desk()
    desk.set(client_id="app", request_percentage=0.01)
    held = [desk.throttling.request(1, ALICE) for _ in range(8)]
    assert held[0] == 0
    assert held[-1] == 1000
    assert held == sorted(held)


def test_a_changed_quota_counts_at_once() -> None:
    desk = Desk()
    desk.set(client_id="app", producer_byte_rate=1000.0)
    assert desk.throttling.produce(1, ALICE, 20_000) == 10_000
    desk.set(client_id="app", producer_byte_rate=10_000.0)
    assert desk.throttling.produce(1, ALICE, 1) == 0


def test_a_tiny_quota_holds_for_long_but_within_32_bits() -> None:
    desk = Desk()
    desk.set(client_id="app", producer_byte_rate=1.0)
    assert desk.throttling.produce(1, ALICE, 10**9) == MAX_INT32


def test_mutations_are_refused_once_the_bucket_is_overdrawn() -> None:
    desk = Desk()
    desk.set(client_id="app", controller_mutation_rate=1.0)
    mutations = desk.throttling.mutations(ALICE, is_strict=True)
    assert mutations is not None
    mutations.record(25)  # Eleven are there; who begins within the quota may finish.
    assert mutations.throttle_ms == 0
    with pytest.raises(KafkaError) as raised:
        mutations.record(1)
    assert raised.value.code == ErrorCode.THROTTLING_QUOTA_EXCEEDED
    assert mutations.throttle_ms == 14_000
    desk.clock.advance(14)
    again = desk.throttling.mutations(ALICE, is_strict=True)
    assert again is not None
    again.record(1)


def test_old_clients_are_held_instead_of_refused() -> None:
    desk = Desk()
    desk.set(client_id="app", controller_mutation_rate=1.0)
    mutations = desk.throttling.mutations(ALICE, is_strict=False)
    assert mutations is not None
    mutations.record(11)
    assert mutations.throttle_ms == 0
    mutations.record(4)
    assert mutations.throttle_ms == 4_000


def test_windows_of_silent_clients_are_forgotten() -> None:
    desk = Desk()
    desk.set(client_id=None, producer_byte_rate=1000.0)
    for number in range(1002):
        desk.throttling.produce(1, ("alice", f"old-{number}"), 1)
    desk.clock.advance(3601)
    desk.throttling.produce(1, ("alice", "new"), 1)
    assert len(desk.throttling._rates) == 1


def test_a_hold_ends_by_the_clock() -> None:
    desk = Desk()
    desk.throttling.hold(7, 1500)
    pause = desk.throttling.holds[7]
    desk.clock.advance(1.499)
    assert not pause.is_settled
    desk.clock.advance(0.001)
    assert pause.is_settled
    assert desk.throttling.holds == {}


class Connections(Desk):
    """Connections to broker 1 from one address."""

    def limit(self, address: str | None, rate: float | None) -> None:
        [error] = self.quotas.alter(
            [QuotaChange({"ip": address}, [("connection_creation_rate", rate)])]
        ).values()
        assert error is None

    def refused(self, count: int, address: str = "127.0.0.1", broker: int = 1) -> list[int]:
        """For how long each of so many that come at once is held, but for those that are not."""
        held = [self.throttling.connection(broker, address) for _ in range(count)]
        return [ms for ms in held if ms]


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", None])
def test_connections_above_the_rate_of_their_address_are_refused(address: str | None) -> None:
    desk = Connections()
    assert desk.refused(100) == []
    desk.limit(address, 2.0)

    # Ten whole windows are taken for granted. Who is refused does not count.
    assert desk.refused(20) == []
    assert desk.refused(5) == [500] * 5
    assert desk.refused(5, broker=2) == []
    desk.clock.advance(1)
    assert desk.refused(3) != []

    desk.limit(address, None)
    assert desk.refused(100) == []


def test_an_address_of_its_own_rate() -> None:
    desk = Connections()
    desk.limit(None, 1.0)
    desk.limit("10.0.0.1", 100.0)
    assert desk.refused(50, "10.0.0.1") == []
    assert desk.refused(12, "10.0.0.2") == [1000, 1000]


def test_connections_are_held_for_one_window_at_most() -> None:
    desk = Connections(quota_window_num=2)
    desk.limit(None, 1.0)
    desk.clock.advance(100)
    assert desk.refused(1) == []
    desk.throttling.connection(1, "127.0.0.1")
    desk.clock.advance(1.5)
    assert max(desk.refused(9)) <= 1000
