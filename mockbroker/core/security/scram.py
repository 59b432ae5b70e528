"""SCRAM credentials: what the cluster knows of its users' passwords, which is not enough to log in as them.

Rules kept here (Kafka: `ScramControlManager`, `ScramImage`, `ScramFormatter`; KIP-84, KIP-554, RFC 5802):

- A request changes a user once at most; a second change refuses the user, and undoes the first.
- Clients send the salted password; kept are the stored key and the server key.
- Between 4096 and 16384 iterations.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from mockbroker.core.java_maps import hash_order
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["Credential", "Deletion", "ScramCredentials", "ScramMechanism", "Upsertion"]

_MIN_ITERATIONS = 4096
_MAX_ITERATIONS = 16384


class ScramMechanism(IntEnum):
    """The mechanisms by their numbers in requests."""

    SCRAM_SHA_256 = 1
    SCRAM_SHA_512 = 2

    @property
    def digest(self) -> str:
        """The name of its hash function in `hashlib`."""
        return "sha256" if self is ScramMechanism.SCRAM_SHA_256 else "sha512"


class Credential(NamedTuple):
    """What is kept of one user's password for one mechanism."""

    salt: bytes
    stored_key: bytes
    server_key: bytes
    iterations: int


class Deletion(NamedTuple):
    """A credential to forget; the mechanism as a number."""

    user: str
    mechanism: int


class Upsertion(NamedTuple):
    """A credential to make or to replace; the mechanism as a number."""

    user: str
    mechanism: int
    iterations: int
    salt: bytes
    salted_password: bytes


class ScramCredentials:
    """The credentials of one cluster.

    Attributes:
        users: each user's credentials by mechanism; no user is without any.
    """

    def __init__(self) -> None:
        self.users: dict[str, dict[ScramMechanism, Credential]] = {}

    def alter(
        self, deletions: Sequence[Deletion], upsertions: Sequence[Upsertion]
    ) -> dict[str, KafkaError | None]:
        """Change credentials.

        Returns:
            For each user None, or why the change was refused: DUPLICATE_RESOURCE, UNACCEPTABLE_CREDENTIAL,
            UNSUPPORTED_SASL_MECHANISM, RESOURCE_NOT_FOUND, or UNKNOWN_SERVER_ERROR for an empty salted password.
        """
        accepted: dict[str, Deletion | Upsertion] = {}
        errors: dict[str, KafkaError] = {}
        changes: list[Deletion | Upsertion] = [*deletions, *upsertions]
        for change in changes:
            user = change.user
            if user in errors:
                continue
            try:
                if accepted.pop(user, None) is not None:
                    text = "A user credential cannot be altered twice in the same request"
                    raise KafkaError(ErrorCode.DUPLICATE_RESOURCE, text)
                self._check(change)
                accepted[user] = change
            except KafkaError as error:
                errors[user] = error
        outcomes: dict[str, KafkaError | None] = {}
        deleted = hash_order([user for user, one in accepted.items() if isinstance(one, Deletion)])
        upserted = hash_order([user for user, one in accepted.items() if isinstance(one, Upsertion)])
        for user in [*deleted, *upserted]:
            change = accepted[user]
            if isinstance(change, Deletion):
                self._delete(change)
                outcomes[user] = None
            elif change.salted_password:
                self.put(change)
                outcomes[user] = None
            else:
                errors[user] = KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
        return {**outcomes, **{user: errors[user] for user in hash_order(errors)}}

    def put(self, change: Upsertion) -> None:
        """Make or replace a credential that needs no checks."""
        # Start-up does not pay for it.
        import hashlib
        import hmac

        mechanism = ScramMechanism(change.mechanism)
        digest, password = mechanism.digest, change.salted_password
        client_key = hmac.digest(password, b"Client Key", digest)
        self.users.setdefault(change.user, {})[mechanism] = Credential(
            bytes(change.salt),
            hashlib.new(digest, client_key).digest(),
            hmac.digest(password, b"Server Key", digest),
            change.iterations,
        )

    def describe(
        self, users: Sequence[str] | None
    ) -> dict[str, dict[ScramMechanism, Credential] | KafkaError]:
        """The credentials of these users, or of all.

        Returns:
            For each user the credentials by mechanism, or DUPLICATE_RESOURCE where it was asked for twice,
            RESOURCE_NOT_FOUND where it has none.
        """
        found: dict[str, dict[ScramMechanism, Credential] | KafkaError] = {}
        for user in users or self.users:
            if user in found:
                text = "Cannot describe SCRAM credentials for the same user twice in a single request: "
                found[user] = KafkaError(ErrorCode.DUPLICATE_RESOURCE, text + user)
            elif user in self.users:
                found[user] = self.users[user]
            else:
                text = "Attempt to describe a user credential that does not exist: "
                found[user] = KafkaError(ErrorCode.RESOURCE_NOT_FOUND, text + user)
        return found

    def _check(self, change: Deletion | Upsertion) -> None:
        if not change.user:
            raise KafkaError(ErrorCode.UNACCEPTABLE_CREDENTIAL, "Username must not be empty")
        if change.mechanism not in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            raise KafkaError(ErrorCode.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism")
        if isinstance(change, Deletion):
            if change.mechanism not in self.users.get(change.user, {}):
                text = "Attempt to delete a user credential that does not exist"
                raise KafkaError(ErrorCode.RESOURCE_NOT_FOUND, text)
        elif change.iterations < _MIN_ITERATIONS:
            raise KafkaError(ErrorCode.UNACCEPTABLE_CREDENTIAL, "Too few iterations")
        elif change.iterations > _MAX_ITERATIONS:
            raise KafkaError(ErrorCode.UNACCEPTABLE_CREDENTIAL, "Too many iterations")

    def _delete(self, change: Deletion) -> None:
        own = self.users[change.user]
        del own[ScramMechanism(change.mechanism)]
        if not own:
            del self.users[change.user]
