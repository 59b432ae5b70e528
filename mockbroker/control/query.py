"""Which exchanges of the journal are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mockbroker.control.entries import Entry
from mockbroker.control.exchange import Exchange
from mockbroker.control.fault_spec import error_code, key_of_api, version_span
from mockbroker.control.problems import BadField, check_names
from protocol_specs.errors import ErrorCode

__all__ = ["Query", "query"]


class Query(NamedTuple):
    """Conditions, all of which must hold; None means any. Made by `query`."""

    keys: frozenset[int] | None = None
    versions: range | None = None
    client_id: str | None = None
    principal: str | None = None
    broker: int | None = None
    connection: int | None = None
    topic: str | None = None
    partition: int | None = None
    group: str | None = None
    transactional_id: str | None = None
    error: ErrorCode | None = None
    faulted: bool | None = None
    since: int = 0
    limit: int | None = None

    def may_match(self, entry: Entry) -> bool:
        """Whether it may be worth while to look inside."""
        if self.keys is not None and int.from_bytes(entry.frame[:2], "big") not in self.keys:
            return False
        return self.connection is None or entry.caller.connection_id == self.connection

    def matches(self, exchange: Exchange) -> bool:
        """Whether an exchange is wanted, apart from `since` and `limit`."""
        return (
            (self.keys is None or exchange.key in self.keys)
            and (self.versions is None or exchange.version in self.versions)
            and (self.client_id is None or fnmatchcase(exchange.client_id or "", self.client_id))
            and (self.principal is None or exchange.principal == self.principal)
            and (self.broker is None or exchange.broker == self.broker)
            and (self.connection is None or exchange.connection == self.connection)
            and (self.faulted is None or (exchange.fault is not None) == self.faulted)
            and self._has_place(exchange)
            and (self.error is None or any(code == self.error for _, code in exchange.errors))
        )

    def _has_place(self, exchange: Exchange) -> bool:
        if (self.topic, self.partition, self.group, self.transactional_id) == (None, None, None, None):
            return True
        return any(
            (self.topic is None or (isinstance(place.topic, str) and fnmatchcase(place.topic, self.topic)))
            and (self.partition is None or place.partition == self.partition)
            and (self.group is None or place.group == self.group)
            and (self.transactional_id is None or place.transactional_id == self.transactional_id)
            for place in exchange.places
        )


def query(
    api: str | Iterable[str] | None = None,
    *,
    version: int | str | None = None,
    error: str | int | None = None,
    **conditions: Any,
) -> Query:
    """Check what is wanted.

    Args:
        api: an API's name, or several.
        version: one, "3-8", or "12+".
        error: an error code that the answer has somewhere.
        conditions: `client_id` and `topic` (with `*` and `?` as in file names), `principal`, `broker`, `connection`,
            `partition`, `group`, `transactional_id`, `faulted` (whether a fault acted on it), `since` (the number of
            the first exchange that is of interest), `limit` (the newest so many).

    Raises:
        BadField: a name or a value is not right.
    """
    known = [name for name in Query._fields if name not in ("keys", "versions", "error")]
    check_names(conditions, known, "the journal")
    for name in ("broker", "connection", "partition", "since", "limit"):
        value = conditions.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadField(name, f"must be a number, not {value!r}")
    names = [api] if isinstance(api, str) else api
    return Query(
        keys=None if names is None else frozenset(map(key_of_api, names)),
        versions=None if version is None else version_span(version, "version"),
        error=None if error is None else error_code(error),
        **conditions,
    )
