"""What a fault is to match, when, and what it is to do: the same fields in Python and in JSON, checked."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from mockbroker.control.problems import BadField, check_names
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode

__all__ = ["CORRUPTIONS", "EFFECTS", "FaultSpec", "error_code", "fault_spec", "key_of_api", "version_span"]

#: How fetched records can be damaged.
CORRUPTIONS = ("crc", "truncated", "codec", "gap")

#: What a forced answer to Metadata may say.
_METADATA = ("leader", "leader_epoch", "without_broker", "addresses", "controller_id")

EFFECTS = (
    "error",
    "delay",
    "disconnect",
    "drop",
    "throttle",
    "hang",
    "truncate",
    "slice",
    "bandwidth",
    "corrupt",
    "metadata",
    "versions",
)

#: Effects that only some APIs can show.
_ONLY_IN = {"corrupt": ("Fetch", "ShareFetch"), "metadata": ("Metadata",), "versions": ("ApiVersions",)}


class FaultSpec(NamedTuple):
    """A fault, as it is asked for. All of what it matches must match; None means any.

    Attributes:
        api: an API's name.
        version: one, "3-8", or "12+".
        client_id, topic: may have `*`, `?` and `[...]`, as in file names.
        broker: id of the broker that is asked.
        skip: how many requests that match pass at first.
        times: how often it fires; None for ever.
        every: of those that match, only each such.
        probability: of firing, from the cluster's seed.
        error: an error code's name or number, put where the API puts it.
        delay: seconds by the brokers' clock.
        disconnect: the connection ends.
        drop: "request": it is not done, "response": it is done; and nothing is answered.
        throttle: what the answer has for throttle_time_ms; for so long nothing more of the connection is done.
        hang: nothing is answered until the fault is removed.
        truncate: of the answer only so many bytes are sent, then the connection ends.
        slice: the answer is sent in pieces of so many bytes.
        bandwidth: the answer is sent at so many bytes a second, by the brokers' clock.
        corrupt: how fetched records are damaged: one of `CORRUPTIONS`.
        metadata: what Metadata is made to say: `leader` and `leader_epoch` of the partitions, `without_broker`: the id
            of one that is left out, `addresses`: "host:port" by broker id, `controller_id`.
        versions: what ApiVersions is made to say, by API name: "3-8", or None for an API that is not there.
        at: "before" or "after" the broker has done the work, for error, delay, disconnect and hang.
        required: whether it is a mistake if it never fires.
        name: what it is called in the journal; None: by what it does.
    """

    api: str | None = None
    version: int | str | None = None
    client_id: str | None = None
    principal: str | None = None
    broker: int | None = None
    listener: str | None = None
    topic: str | None = None
    partition: int | None = None
    group: str | None = None
    transactional_id: str | None = None
    skip: int = 0
    times: int | None = 1
    every: int = 1
    probability: float = 1.0
    error: str | int | None = None
    delay: float = 0.0
    disconnect: bool = False
    drop: str | None = None
    throttle: int | None = None
    hang: bool = False
    truncate: int | None = None
    slice: int | None = None
    bandwidth: float | None = None
    corrupt: str | None = None
    metadata: Mapping[str, Any] | None = None
    versions: Mapping[str, str | None] | None = None
    at: str = "before"
    required: bool = True
    name: str | None = None

    def as_data(self) -> dict[str, Any]:
        """The fields that are not as they are by themselves."""
        defaults = self._field_defaults
        return {name: value for name, value in self._asdict().items() if value != defaults[name]}

    @property
    def effects(self) -> dict[str, Any]:
        """What it does, by the field's name."""
        values = {name: getattr(self, name) for name in EFFECTS}
        return {
            name: value
            for name, value in values.items()
            if value is not None and value is not False and (name != "delay" or value)
        }

    @property
    def matched(self) -> str:
        """What it matches, in words."""
        names = ("version", "client_id", "principal", "broker", "listener", "topic", "partition", "group")
        words = [f"{name}={getattr(self, name)!r}" for name in (*names, "transactional_id")]
        given = ", ".join(word for word in words if not word.endswith("=None"))
        return f"{self.api or 'any request'} with {given}" if given else self.api or "any request"

    @property
    def done(self) -> str:
        """What it does, in words."""
        words = ", ".join(
            name if value is True else f"{name} {value}" for name, value in self.effects.items()
        )
        return f"{words} after the work" if self.at == "after" else words


_NUMBERS = {
    "skip": (int, 0),
    "times": (int, 1),
    "every": (int, 1),
    "delay": (float, 0),
    "throttle": (int, 0),
    "truncate": (int, 0),
    "slice": (int, 1),
    "partition": (int, 0),
    "broker": (int, 0),
}
_REAL_NUMBERS = ("probability", "bandwidth")
_TEXTS = ("client_id", "principal", "listener", "topic", "group", "transactional_id", "name")
_CHOICES = {"at": ("before", "after"), "drop": ("request", "response"), "corrupt": CORRUPTIONS}


def fault_spec(**fields: Any) -> FaultSpec:
    """Check a fault.

    Raises:
        BadField: a name or a value is not right, or nothing is to be done.
    """
    check_names(fields, FaultSpec._fields, "a fault")
    spec = FaultSpec(**fields)
    _check_types(spec)
    _check_choices(spec)
    if not spec.effects:
        raise BadField("error", "the fault does nothing; it needs an effect", EFFECTS)
    if spec.api is not None:
        spec = spec._replace(api=APIS[key_of_api(spec.api)].name)
    for effect, apis in _ONLY_IN.items():
        if getattr(spec, effect) is not None:
            if spec.api is None:
                spec = spec._replace(api=apis[0])
            elif spec.api not in apis:
                raise BadField("api", f"{effect} is for {' and '.join(apis)} only", apis)
    if spec.version is not None:
        version_span(spec.version, "version")
    if spec.error is not None:
        spec = spec._replace(error=error_code(spec.error).name)
        if spec.error == ErrorCode.NONE.name:
            raise BadField("error", "NONE is no error")
    if spec.partition is not None and spec.topic is None:
        raise BadField("partition", "a partition needs its topic")
    return spec


def _check_types(spec: FaultSpec) -> None:
    for name, (kind, least) in _NUMBERS.items():
        value = getattr(spec, name)
        if value is None and FaultSpec._field_defaults[name] is None:
            continue
        if value is None and name == "times":
            continue
        _check_number(name, value, kind)
        if value < least:
            raise BadField(name, f"must be at least {least}, not {value}")
    for name in _REAL_NUMBERS:
        value = getattr(spec, name)
        if value is not None or FaultSpec._field_defaults[name] is not None:
            _check_number(name, value, float)
    if not 0 < spec.probability <= 1:
        raise BadField("probability", f"must be above 0 and at most 1, not {spec.probability}")
    if spec.bandwidth is not None and spec.bandwidth <= 0:
        raise BadField("bandwidth", f"must be above 0 bytes a second, not {spec.bandwidth}")
    for name in _TEXTS:
        value = getattr(spec, name)
        if value is not None and not isinstance(value, str):
            raise BadField(name, f"must be text, not {value!r}")
    for name in ("disconnect", "hang", "required"):
        if not isinstance(getattr(spec, name), bool):
            raise BadField(name, f"must be true or false, not {getattr(spec, name)!r}")


def _check_number(name: str, value: Any, kind: type) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else int):
        raise BadField(name, f"must be a {'' if kind is float else 'whole '}number, not {value!r}")
    if kind is float and not isfinite(value):
        raise BadField(name, f"must be finite, not {value}")


def _check_choices(spec: FaultSpec) -> None:
    for name, choices in _CHOICES.items():
        value = getattr(spec, name)
        if value not in choices and not (value is None and FaultSpec._field_defaults[name] is None):
            raise BadField(name, f"cannot be {value!r}", choices)
    if spec.metadata is not None:
        if not isinstance(spec.metadata, Mapping) or not spec.metadata:
            raise BadField("metadata", f"must say something, not {spec.metadata!r}", _METADATA)
        check_names(spec.metadata, _METADATA, "metadata")
        for name, value in spec.metadata.items():
            if name == "addresses":
                _check_addresses(value)
            else:
                _check_number(f"metadata.{name}", value, int)
    if spec.versions is not None:
        if not isinstance(spec.versions, Mapping) or not spec.versions:
            raise BadField("versions", f"must name APIs, not {spec.versions!r}")
        for api, span in spec.versions.items():
            key_of_api(api, "versions")
            if span is not None:
                version_span(span, "versions")


def _check_addresses(addresses: Any) -> None:
    field = "metadata.addresses"
    if not isinstance(addresses, Mapping):
        raise BadField(field, f"must be addresses by broker id, not {addresses!r}")
    for broker_id, address in addresses.items():
        if not str(broker_id).isdecimal():
            raise BadField(field, f"must be by broker id, not {broker_id!r}")
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise BadField(field, f"must be HOST:PORT, not {address!r}")


def key_of_api(name: Any, field: str = "api") -> int:
    """
    Raises:
        BadField: no API has this name.
    """
    api = APIS.named(name) if isinstance(name, str) else None
    if api is None:
        raise BadField(field, f"there is no API {name!r}", [each.name for each in APIS.values()])
    return api.key


def error_code(error: Any) -> ErrorCode:
    """
    Raises:
        BadField: no error code has this name or number.
    """
    try:
        return ErrorCode[error] if isinstance(error, str) else ErrorCode(error)
    except (KeyError, ValueError):
        raise BadField(
            "error", f"there is no error code {error!r}", [code.name for code in ErrorCode]
        ) from None


def version_span(version: int | str, field: str) -> range:
    """The versions that 7, "3-8" or "12+" means.

    Raises:
        BadField: it means none.
    """
    text = str(version)
    first, dash, last = text.removesuffix("+").partition("-")
    if text.endswith("+"):
        last, dash = "32767", "-"
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise BadField(field, f"must be a version, or a range as 3-8 or 12+, not {version!r}")
    return range(int(first), int(last if dash else first) + 1)
