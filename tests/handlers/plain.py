"""A cluster that is asked in frames with plain data, and answers in plain data."""

from __future__ import annotations

from typing import Any

from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.core.assembly import Core
from mockbroker.core.waiting import Pending
from mockbroker.profiles import KAFKA_4_3
from mockbroker.releases import profile_of
from mockbroker.wire.caller import Caller
from protocol_specs import api_named
from protocol_specs.headers import REQUEST_HEADER, request_header, response_header
from protocol_specs.schema import Schema
from protocol_specs.text import to_dict

START = 1_700_000_000.0
#: For these a controller needs time, and their specs do not say how much by default.
_OF_CONTROLLER = ("CreateTopics", "CreatePartitions", "DeleteTopics")


class Nobody:
    """An authorizer that allows nothing, or nothing but what it is told to."""

    def __init__(self, *allowed: tuple[int, int]) -> None:
        self.allowed = allowed

    def allows(self, caller: Caller, operation: int, resource_type: int, name: str) -> bool:
        return (operation, resource_type) in self.allowed

    def allows_any(self, caller: Caller, operation: int, resource_type: int) -> bool:
        return (operation, resource_type) in self.allowed


class Desk:
    """Some brokers of one cluster on a told clock; settings are given with underscores for dots."""

    def __init__(self, brokers: int = 1, *, emulate: str = KAFKA_4_3.name, **settings: Any) -> None:
        static = {name.replace("_", "."): str(value) for name, value in settings.items()}
        profile = profile_of(emulate)
        settings_of_all = Settings(static, is_elr_enabled=profile.has_elr, catalog=profile.catalog)
        self.core = Core(settings_of_all, now=START, brokers=brokers, seed=1, profile=profile)
        self.clock = self.core.clock
        self.broker = Broker(self.core, profile)
        self._connections = 0

    def client(self, node_id: int = 1, client_id: str | None = "test") -> Client:
        """A new connection to a broker."""
        self._connections += 1
        return Client(self, Caller(self._connections, node_id), client_id)

    def ask(self, name: str, version: int | None = None, /, **values: Any) -> dict[str, Any]:
        """Ask the first broker on a connection of its own."""
        return self.client().ask(name, version, **values)


class Client:
    """One connection."""

    def __init__(self, desk: Desk, caller: Caller, client_id: str | None) -> None:
        self._desk = desk
        self._client_id = client_id
        self.caller = caller

    def ask(self, name: str, version: int | None = None, /, **values: Any) -> dict[str, Any]:
        """What is answered, which must be there; the newest version where none is named."""
        version = newest(name) if version is None else version
        answer = self.send(name, version, **values)
        if isinstance(answer, Pending):
            assert answer.is_settled
            answer = answer.reply
        return self.read(name, version, answer)

    def send(self, name: str, version: int, /, **values: Any) -> Any:
        """The answer's buffers, None, or a Pending."""
        return self._desk.broker.receive(self.frame(name, version, **values), self.caller)

    def frame(self, name: str, version: int, /, **values: Any) -> bytearray:
        api = api_named(name)
        if name in _OF_CONTROLLER:
            values = {"timeout_ms": 60_000, **values}
        header = REQUEST_HEADER(
            request_api_key=api.key, request_api_version=version, correlation_id=1, client_id=self._client_id
        )
        out = bytearray(request_header(api.key, version).build(header))
        return bytearray(b"".join(api.request[version].write(fill(api.request, values), out)))

    def read(self, name: str, version: int, buffers: Any) -> dict[str, Any]:
        """An answer in plain data."""
        api = api_named(name)
        at = 8 if response_header(api.key, version).version == 0 else 9
        layout = api.response[version]
        return to_dict(layout, layout.parse(b"".join(buffers)[at:]))


def newest(name: str) -> int:
    """The newest version of an API."""
    return KAFKA_4_3.served(api_named(name).key)[-1]


def fill(schema: Schema, values: dict[str, Any]) -> Any:
    """A message of defaults but for these values; lists of dicts are nested structs."""
    message = schema.make_default()
    for name, value in values.items():
        field = schema.fields[name]
        if field.fields is not None and value is not None:
            child: Schema = getattr(schema, name)
            value = [fill(child, one) for one in value] if isinstance(value, list) else fill(child, value)
        setattr(message, name, value)
    return message
