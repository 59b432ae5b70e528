"""Which quotas may be set, and who is found to have which."""

from __future__ import annotations

import pytest

from mockbroker.core.quotas import ClientQuotas, Component, QuotaChange
from protocol_specs.errors import ErrorCode, KafkaError

EXACT, DEFAULT, ANY = range(3)


def change(quotas: ClientQuotas, entity: dict[str, str | None], **values: float | None) -> KafkaError | None:
    [outcome] = quotas.alter([QuotaChange(entity, list(values.items()))]).values()
    return outcome


def found(quotas: ClientQuotas, *components: tuple[str, int, str | None], strict: bool = False) -> list[str]:
    wanted = [Component(*component) for component in components]
    entities = [entity for entity, _ in quotas.describe(wanted, is_strict=strict)]
    return sorted(" ".join(f"{kind}={name}" for kind, name in entity) for entity in entities)


def test_quotas_are_set_and_removed() -> None:
    quotas = ClientQuotas()
    assert change(quotas, {"user": "alice"}, producer_byte_rate=1024.0, request_percentage=0.5) is None
    assert change(quotas, {"user": "alice"}, producer_byte_rate=None) is None
    assert quotas.entities == {(("user", "alice"),): {"request_percentage": 0.5}}
    assert change(quotas, {"user": "alice"}, request_percentage=None, no_such=None) is None
    assert quotas.entities == {}


def test_validating_changes_nothing() -> None:
    quotas = ClientQuotas()
    outcome = quotas.alter([QuotaChange({"user": "a"}, [("producer_byte_rate", 1.0)])], validate_only=True)
    assert outcome == {(("user", "a"),): None}
    assert quotas.entities == {}


@pytest.mark.parametrize(
    ("entity", "values", "text"),
    [
        ({}, {"producer_byte_rate": 1.0}, "Invalid empty client quota entity"),
        ({"group": "g"}, {"producer_byte_rate": 1.0}, "Unhandled client quota entity type: group"),
        ({"user": ""}, {"producer_byte_rate": 1.0}, "Empty user not supported"),
        ({"user": "a"}, {"no_such": 1.0}, "Invalid configuration key no_such"),
        (
            {"user": "a"},
            {"connection_creation_rate": 1.0},
            "Invalid configuration key connection_creation_rate",
        ),
        ({"user": "a"}, {"producer_byte_rate": -1.0}, "Quota producer_byte_rate must be greater than 0"),
        ({"user": "a"}, {"producer_byte_rate": 0.0}, "Quota producer_byte_rate must be greater than 0"),
        ({"user": "a"}, {"consumer_byte_rate": 1.5}, "consumer_byte_rate cannot be a fractional value."),
        (
            {"user": "a"},
            {"consumer_byte_rate": 1e19},
            "Proposed value for consumer_byte_rate is too large for a LONG.",
        ),
        (
            {"ip": None},
            {"connection_creation_rate": 3e9},
            "Proposed value for connection_creation_rate is too large for an INT.",
        ),
        (
            {"ip": "::1", "user": "a"},
            {"connection_creation_rate": 1.0},
            "Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId",
        ),
        (
            {"ip": "not an ip"},
            {"connection_creation_rate": 1.0},
            "not an ip is not a valid IP or resolvable host.",
        ),
    ],
)
def test_refusals(entity: dict[str, str | None], values: dict[str, float], text: str) -> None:
    quotas = ClientQuotas()
    error = change(quotas, entity, **values)
    assert error is not None
    assert (error.code, error.message) == (ErrorCode.INVALID_REQUEST, text)
    assert quotas.entities == {}


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "[::1]", "localhost", "1.2.3", "1.65535", "4294967295"]
)
def test_addresses(address: str) -> None:
    assert change(ClientQuotas(), {"ip": address}, connection_creation_rate=1.0) is None


@pytest.mark.parametrize("address", ["300.1.1.1", "1.2.3.4.5", "1.65536.1", "127.0.0.1:1", "example.invalid"])
def test_what_is_no_address(address: str) -> None:
    assert change(ClientQuotas(), {"ip": address}, connection_creation_rate=1.0) is not None


def test_of_two_changes_of_one_entity_the_first_holds_though_both_are_refused() -> None:
    quotas = ClientQuotas()
    outcomes = quotas.alter(
        [
            QuotaChange({"user": "a", "client-id": None}, [("producer_byte_rate", 1.0)]),
            QuotaChange({"client-id": None, "user": "a"}, [("producer_byte_rate", 2.0)]),
        ]
    )
    [(entity, error)] = outcomes.items()
    assert error is not None
    assert str(error.message).startswith("Ignoring duplicate entity ClientQuotaEntity(entries={")
    assert quotas.entities == {entity: {"producer_byte_rate": 1.0}}


def test_a_key_that_comes_twice_is_refused() -> None:
    quotas = ClientQuotas()
    operations = [("producer_byte_rate", 1.0), ("producer_byte_rate", 2.0)]
    [error] = quotas.alter([QuotaChange({"user": "a"}, operations)]).values()
    assert error is not None
    assert error.message == "Ignoring duplicate entity ClientQuotaEntity(entries={user=a})"
    assert quotas.entities == {}


def test_one_bad_value_spoils_the_entity_and_no_other() -> None:
    quotas = ClientQuotas()
    outcomes = quotas.alter(
        [
            QuotaChange({"user": "a"}, [("producer_byte_rate", 1.0), ("consumer_byte_rate", -1.0)]),
            QuotaChange({"user": "b"}, [("producer_byte_rate", 1.0)]),
        ]
    )
    assert {entity: error is None for entity, error in outcomes.items()} == {
        (("user", "a"),): False,
        (("user", "b"),): True,
    }
    assert list(quotas.entities) == [(("user", "b"),)]


def test_filters() -> None:
    quotas = ClientQuotas()
    entities: list[dict[str, str | None]] = [
        {"user": "a"},
        {"user": None},
        {"client-id": "c"},
        {"user": "a", "client-id": "c"},
        {"user": "a", "client-id": None},
    ]
    for entity in entities:
        change(quotas, entity, producer_byte_rate=1.0)
    both = ["client-id=None user=a", "client-id=c user=a"]
    assert found(quotas) == sorted([*both, "client-id=c", "user=None", "user=a"])
    assert found(quotas, strict=True) == []
    assert found(quotas, ("user", EXACT, "a")) == [*both, "user=a"]
    assert found(quotas, ("user", EXACT, "a"), strict=True) == ["user=a"]
    assert found(quotas, ("user", DEFAULT, None)) == ["user=None"]
    assert found(quotas, ("client-id", ANY, None), ("user", ANY, None), strict=True) == both
    assert found(quotas, ("ip", ANY, None)) == []


@pytest.mark.parametrize(
    ("components", "code", "text"),
    [
        ([("", ANY, None)], 42, "Invalid empty entity type."),
        ([("group", ANY, None)], 35, "Unsupported entity type group"),
        (
            [("user", ANY, None), ("user", DEFAULT, None)],
            42,
            "Entity type user cannot appear more than once in the filter.",
        ),
        ([("user", EXACT, None)], 42, "Request specified MATCH_TYPE_EXACT, but set match string to null."),
        (
            [("user", DEFAULT, "a")],
            42,
            "Request specified MATCH_TYPE_DEFAULT, but also specified a match string.",
        ),
        (
            [("user", ANY, "a")],
            42,
            "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.",
        ),
        ([("user", 3, None)], 42, "Unknown match type 3"),
        (
            [("user", ANY, None), ("ip", ANY, None)],
            42,
            "Invalid entity filter component combination. IP filter component should not be used with user or "
            "clientId filter component.",
        ),
    ],
)
def test_filters_that_cannot_be(components: list[tuple[str, int, str | None]], code: int, text: str) -> None:
    with pytest.raises(KafkaError) as raised:
        found(ClientQuotas(), *components)
    assert (raised.value.code, raised.value.message) == (code, text)


def test_quotas_are_described_in_the_order_of_javas_maps() -> None:
    quotas = ClientQuotas()
    values = {"producer_byte_rate": 1.0, "consumer_byte_rate": 1.0, "request_percentage": 0.5}
    for user in ("carol", "alice", "bob"):
        assert change(quotas, {"user": user}, **values) is None
    assert change(quotas, {"user": "alice"}, controller_mutation_rate=2.0) is None
    assert change(quotas, {"user": "zed", "client-id": "Client1"}, producer_byte_rate=1.0) is None
    assert change(quotas, {"user": None}, producer_byte_rate=1.0) is None
    assert change(quotas, {"client-id": "app-7"}, consumer_byte_rate=1.0) is None
    three = ["consumer_byte_rate", "request_percentage", "producer_byte_rate"]
    # As a broker of 4.3.1 was seen to answer.
    assert [(entity, list(values)) for entity, values in quotas.describe([], is_strict=False)] == [
        ((("client-id", "Client1"), ("user", "zed")), ["producer_byte_rate"]),
        ((("user", "bob"),), three),
        ((("user", None),), ["producer_byte_rate"]),
        (
            (("user", "alice"),),
            ["producer_byte_rate", "consumer_byte_rate", "controller_mutation_rate", "request_percentage"],
        ),
        ((("user", "carol"),), three),
        ((("client-id", "app-7"),), ["consumer_byte_rate"]),
    ]
