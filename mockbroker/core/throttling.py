"""Enforcement of client quotas: how long a client's connection is to be held.

Rules kept here (Kafka: `ClientQuotaManager`, `ClientRequestQuotaManager`, `ControllerMutationQuotaManager`,
`ConnectionQuotas`; KIP-13, KIP-124, KIP-219, KIP-599, KIP-612):

- Each broker measures for itself, and the controller for the cluster. Of the quotas that fit a client the nearest
  one counts: user and client id before user before client id, names before defaults.
- Who is above the quota is held until the rate is down to it, if nothing more is done; for request time no longer than
  one window. The answer leaves at once and says how long; nothing more of the connection is executed meanwhile.
- A Fetch above the quota is answered without records, and does not count. Nothing is read that could never be sent.
- A connection above its address's rate does not count, and is closed when it was held, for one window at most.
- Time does not pass while a request is handled here, so each request counts for a fixed time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockbroker.core.quota_windows import Rate, TokenBucket
from mockbroker.core.quotas import CLIENT_ID, IP, USER
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.quotas import ClientQuotas
    from mockbroker.core.time import Clock

__all__ = ["Client", "Mutations", "Throttling"]

#: A user's name and a client id, empty where there is none.
Client = tuple[str, str]

_PRODUCE: Final = "producer_byte_rate"
_FETCH: Final = "consumer_byte_rate"
_REQUEST: Final = "request_percentage"
_MUTATION: Final = "controller_mutation_rate"
_CONNECTION: Final = "connection_creation_rate"

_LOCALHOST: Final = "localhost"
_LOOPBACK: Final = "127.0.0.1"

#: The default entity. No name is empty.
_ANYBODY: Final = ""

#: What a request counts for: 0.2 ms of a thread, as a percentage of a second.
_PERCENT_OF_REQUEST: Final = 0.02

_MAX_INT32: Final = 2**31 - 1

#: Windows of clients that did nothing for an hour are forgotten, when there are more than so many.
_MANY_WINDOWS: Final = 1000
_INACTIVE_MS: Final = 3_600_000


class Throttling:
    """Who did how much, and who is to be held.

    Attributes:
        is_active: whether any quota of a user or client id is set; while it is not, nothing need be asked here.
        holds: what is settled when a connection may go on, by connection id.
    """

    def __init__(self, clock: Clock, settings: Settings, quotas: ClientQuotas) -> None:
        self.is_active = False
        self.holds: dict[int, Pending] = {}
        self._clock = clock
        self._settings = settings
        self._quotas = quotas
        #: by key of the quota: the limit for a user (None: any kind of entity without one) and a client id.
        self._limits: dict[str, dict[tuple[str | None, str | None], float]] = {}
        #: new connections per second, by address.
        self._connections: dict[str, float] = {}
        self._rates: dict[tuple[str, int, Client], Rate] = {}
        self._buckets: dict[Client, TokenBucket] = {}
        quotas.listeners.append(self._quotas_changed)

    def hold(self, connection_id: int, throttle_ms: int) -> None:
        """Have nothing of a connection executed for so long."""
        pause = self.holds[connection_id] = Pending()

        def release() -> None:
            if self.holds.get(connection_id) is pause:
                del self.holds[connection_id]
            pause.settle(None)

        self._clock.call_later(throttle_ms / 1000, release)

    def connection(self, node_id: int, address: str) -> int:
        """Record a connection that came in; how many milliseconds to hold it before it is refused, 0: it is not."""
        limit = self._connections.get(address, self._connections.get(_ANYBODY))
        if limit is None:
            return 0
        rate = self._rate(_CONNECTION, node_id, (address, ""))
        now_ms = self._clock.now_ms
        rate.record(1, now_ms)
        measured, window_ms = rate.measure(now_ms)
        if measured <= limit:
            return 0
        rate.record(-1, now_ms)
        most_ms: int = self._settings["quota.window.size.seconds"] * 1000
        return min(int((measured - limit) / limit * window_ms + 0.5), most_ms)

    def produce(self, node_id: int, client: Client, size: int) -> int:
        """Record bytes that a client sent to a broker; how many milliseconds to hold it."""
        return self._record(_PRODUCE, node_id, client, size)

    def request(self, node_id: int, client: Client) -> int:
        """Record a request; how many milliseconds to hold the client."""
        most_ms: int = self._settings["quota.window.size.seconds"] * 1000
        return min(self._record(_REQUEST, node_id, client, _PERCENT_OF_REQUEST), most_ms)

    def fetch(self, node_id: int, client: Client, size: int) -> int:
        """Record a Fetch of so many bytes. Above 0 it must not be answered with records, and its bytes do not count."""
        of_request = self.request(node_id, client)
        of_bytes = self._record(_FETCH, node_id, client, size)
        throttle_ms = max(of_request, of_bytes)
        if throttle_ms:
            self._record(_FETCH, node_id, client, -size)
        return throttle_ms

    def most_fetchable(self, client: Client) -> int:
        """The bytes above which one Fetch alone would break the quota."""
        _, limit = self._find(_FETCH, client)
        if limit is None:
            return _MAX_INT32
        windows = self._settings["quota.window.num"] - 1
        return min(int(limit * windows * self._settings["quota.window.size.seconds"]), _MAX_INT32)

    def mutations(self, client: Client, *, is_strict: bool) -> Mutations | None:
        """The controller's count for one request; None where the client has no quota.

        Args:
            is_strict: whether the client understands a refusal, by the version of its request.
        """
        tags, limit = self._find(_MUTATION, client) if self.is_active else (client, None)
        if limit is None:
            return None
        bucket = self._buckets.get(tags)
        if bucket is None:
            windows = self._settings["controller.quota.window.num"]
            seconds = windows * self._settings["controller.quota.window.size.seconds"]
            bucket = self._buckets[tags] = TokenBucket(seconds)
        return Mutations(self._clock, bucket, limit, is_strict)

    def _record(self, key: str, node_id: int, client: Client, value: float) -> int:
        tags, limit = self._find(key, client)
        if limit is None:
            return 0
        rate = self._rate(key, node_id, tags)
        now_ms = self._clock.now_ms
        rate.record(value, now_ms)
        measured, window_ms = rate.measure(now_ms)
        if measured <= limit:
            return 0
        return min(int((measured - limit) / limit * window_ms + 0.5), _MAX_INT32)

    def _rate(self, key: str, node_id: int, tags: Client) -> Rate:
        rate = self._rates.get((key, node_id, tags))
        if rate is None:
            if len(self._rates) > _MANY_WINDOWS:
                since_ms = self._clock.now_ms - _INACTIVE_MS
                self._rates = {name: one for name, one in self._rates.items() if one.used_ms > since_ms}
            window_ms = self._settings["quota.window.size.seconds"] * 1000
            rate = self._rates[key, node_id, tags] = Rate(self._settings["quota.window.num"], window_ms)
        return rate

    def _find(self, key: str, client: Client) -> tuple[Client, float | None]:
        """Whose doings count together with this client's, and what they may do; None: as much as they like."""
        limits = self._limits.get(key)
        if not limits:
            return client, None
        user, client_id = client
        for of_user in (user, _ANYBODY):
            for of_client in (client_id, _ANYBODY) if client_id else ():
                if (of_user, of_client) in limits:
                    return client, limits[of_user, of_client]
            if (of_user, None) in limits:
                return (user, ""), limits[of_user, None]
        for of_client in (client_id, _ANYBODY) if client_id else ():
            if (None, of_client) in limits:
                return ("", client_id), limits[None, of_client]
        return client, None

    def _quotas_changed(self) -> None:
        self._limits = {}
        self._connections = {}
        for entity, values in self._quotas.entities.items():
            kinds = {kind: _ANYBODY if name is None else name for kind, name in entity}
            if IP in kinds and _CONNECTION in values:
                name = kinds[IP]
                self._connections[_LOOPBACK if name == _LOCALHOST else name] = values[_CONNECTION]
            if USER in kinds or CLIENT_ID in kinds:
                for key, value in values.items():
                    self._limits.setdefault(key, {})[kinds.get(USER), kinds.get(CLIENT_ID)] = value
        self.is_active = bool(self._limits)


class Mutations:
    """What one request does to the cluster: partitions created and deleted."""

    def __init__(self, clock: Clock, bucket: TokenBucket, limit: float, is_strict: bool) -> None:
        self._clock = clock
        self._bucket = bucket
        self._limit = limit
        self._is_strict = is_strict
        #: milliseconds to hold the client.
        self.throttle_ms = 0

    def record(self, partitions: int) -> None:
        """
        Raises:
            KafkaError: THROTTLING_QUOTA_EXCEEDED: the quota is used up, and the client understands that.
        """
        now_ms = self._clock.now_ms
        if not self._is_strict:
            self._bucket.record(partitions, self._limit, now_ms)
        tokens = self._bucket.measure(self._limit, now_ms)
        if tokens < 0:
            self.throttle_ms = int(-tokens / self._limit * 1000 + 0.5)
            if self._is_strict:
                raise KafkaError(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
        elif self._is_strict:
            self._bucket.record(partitions, self._limit, now_ms)
