"""What is kept of a password, and which changes of it are refused."""

from __future__ import annotations

import base64
import hashlib

import pytest

from mockbroker.core.security.scram import Deletion, ScramCredentials, ScramMechanism, Upsertion
from protocol_specs.errors import ErrorCode, KafkaError

SHA_256, SHA_512 = ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512


def upsertion(user: str, mechanism: int = 1, iterations: int = 4096, password: bytes = b"p") -> Upsertion:
    return Upsertion(user, mechanism, iterations, b"salt", password)


def codes(outcomes: dict[str, KafkaError | None]) -> dict[str, int]:
    return {user: 0 if error is None else int(error.code) for user, error in outcomes.items()}


def test_the_keys_are_those_of_the_example_in_rfc_7677() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, 4096)
    credentials = ScramCredentials()
    credentials.alter([], [Upsertion("user", SHA_256, 4096, salt, salted)])
    credential = credentials.users["user"][SHA_256]
    assert base64.b64encode(credential.stored_key) == b"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    assert base64.b64encode(credential.server_key) == b"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    assert (credential.salt, credential.iterations) == (salt, 4096)


def test_a_user_has_one_credential_for_each_mechanism() -> None:
    credentials = ScramCredentials()
    for mechanism in (1, 2):
        assert codes(credentials.alter([], [upsertion("alice", mechanism)])) == {"alice": 0}
    assert set(credentials.users["alice"]) == {SHA_256, SHA_512}
    assert len(credentials.users["alice"][SHA_512].stored_key) == 64
    assert codes(credentials.alter([Deletion("alice", 1)], [])) == {"alice": 0}
    assert codes(credentials.alter([Deletion("alice", 2)], [])) == {"alice": 0}
    assert credentials.users == {}


@pytest.mark.parametrize(
    ("deletions", "upsertions"),
    [
        ([], [upsertion("a"), upsertion("a", 2)]),
        ([Deletion("a", 1)], [upsertion("a", 2)]),
        ([Deletion("a", 1), Deletion("a", 1)], []),
        ([], [upsertion("a"), upsertion("a"), upsertion("a")]),
    ],
)
def test_a_user_that_is_changed_twice_is_not_changed(
    deletions: list[Deletion], upsertions: list[Upsertion]
) -> None:
    credentials = ScramCredentials()
    credentials.alter([], [upsertion("a", iterations=5000)])
    before = dict(credentials.users["a"])
    outcomes = credentials.alter(deletions, [*upsertions, upsertion("b")])
    assert codes(outcomes) == {"a": ErrorCode.DUPLICATE_RESOURCE, "b": 0}
    assert credentials.users["a"] == before


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (upsertion(""), ErrorCode.UNACCEPTABLE_CREDENTIAL, "Username must not be empty"),
        (upsertion("a", 3), ErrorCode.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism"),
        (upsertion("a", 0), ErrorCode.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism"),
        (upsertion("a", iterations=4095), ErrorCode.UNACCEPTABLE_CREDENTIAL, "Too few iterations"),
        (upsertion("a", iterations=16385), ErrorCode.UNACCEPTABLE_CREDENTIAL, "Too many iterations"),
        (upsertion("a", password=b""), ErrorCode.UNKNOWN_SERVER_ERROR, None),
        (
            Deletion("a", 1),
            ErrorCode.RESOURCE_NOT_FOUND,
            "Attempt to delete a user credential that does not exist",
        ),
    ],
)
def test_refusals(change: Deletion | Upsertion, code: ErrorCode, text: str | None) -> None:
    credentials = ScramCredentials()
    deletions = [change] if isinstance(change, Deletion) else []
    upsertions = [change] if isinstance(change, Upsertion) else []
    [error] = credentials.alter(deletions, upsertions).values()
    assert error is not None
    assert (error.code, error.detail) == (code, text)
    assert credentials.users == {}


def test_users_are_described_once_each() -> None:
    credentials = ScramCredentials()
    credentials.alter([], [upsertion("a"), upsertion("b", 2)])
    assert set(credentials.describe(None)) == set(credentials.describe([])) == {"a", "b"}
    described = credentials.describe(["a", "c", "b", "a"])
    assert list(described["b"]) == [SHA_512]  # type: ignore[arg-type]
    for user, code in (("a", ErrorCode.DUPLICATE_RESOURCE), ("c", ErrorCode.RESOURCE_NOT_FOUND)):
        error = described[user]
        assert isinstance(error, KafkaError)
        assert error.code == code
        assert str(error.message).endswith(f": {user}")
