"""What is to be waited for, as plain data says it: {"for": "group", "group": "billing", "state": "Stable"}."""

from __future__ import annotations

from typing import Any

from mockbroker.control.form import Field, read
from mockbroker.control.problems import BadField
from mockbroker.control.waits import DEFAULT_TIMEOUT, Wait, Waits

__all__ = ["KINDS", "WAIT_FIELDS", "wait_from"]

_GROUP = Field("group", required=True, about="the group's id")
_TOPIC = Field("topic", required=True, about="the topic's name")
_PARTITION = Field("partition", "integer", least=0)
_COUNT = Field("count", "integer", least=0, required=True, about="how many there are to be")
_CLIENT_ID = Field("client_id", about="with `*` and `?` as in file names")
_BROKER = Field("broker", "integer")

#: By what is waited for: the fields, and those which are called otherwise in Python.
KINDS: dict[str, tuple[Field, ...]] = {
    "group": (
        _GROUP,
        Field("state", about='"Stable", "Empty" ...'),
        Field("members", "integer", least=0),
        Field("type", about='"classic", "consumer" ...'),
    ),
    "committed": (_GROUP, _TOPIC, Field("to", "integer|string", about='an offset, or "end"'), _PARTITION),
    "requests": (
        _COUNT,
        Field("api", "string|array", about="an API's name, or several"),
        Field("version", "integer|string", about="7, 3-8, or 12+"),
        Field("error", "string|integer", about="an error code that the answer has"),
        _CLIENT_ID,
        Field("principal"),
        _BROKER,
        Field("connection", "integer"),
        Field("topic"),
        _PARTITION,
        Field("group"),
        Field("transactional_id"),
        Field("faulted", "boolean"),
        Field("since", "integer", least=0),
    ),
    "records": (_TOPIC, _COUNT, _PARTITION),
    "connections": (
        Field("at_least", "integer", least=0),
        Field("at_most", "integer", least=0),
        _CLIENT_ID,
        _BROKER,
    ),
    "transaction": (
        Field("transactional_id", required=True),
        Field("state", required=True, about='"Ongoing", "CompleteCommit" ...'),
    ),
    "partition": (
        _TOPIC,
        _PARTITION._replace(required=True),
        Field("isr", "integer|array", about="how many, or the brokers' ids"),
        Field("leader", "integer"),
        Field("high_watermark", "integer", least=0, about="at least this"),
    ),
}

_FOR = Field("for", required=True, choices=tuple(KINDS), about="what is waited for")
_TIMEOUT = Field("timeout", "number", least=0, about="seconds of real time; 10 unless said")

#: All fields that any kind has.
WAIT_FIELDS: tuple[Field, ...] = (
    _FOR,
    _TIMEOUT,
    *{field.name: field._replace(required=False) for fields in KINDS.values() for field in fields}.values(),
)

_RENAMED = {"group": {"group": "group_id"}, "committed": {"group": "group_id"}}


def wait_from(waits: Waits, data: Any) -> tuple[Wait, float]:
    """The wait, and for how many seconds of real time.

    Raises:
        BadField: a name or a value is not right, or something is missing.
    """
    if not isinstance(data, dict):
        raise BadField(
            "body", f"must be an object of JSON, not {data!r}", [field.name for field in WAIT_FIELDS]
        )
    kind = data.get("for")
    if kind is None:
        raise BadField("for", "a wait needs it", KINDS)
    _FOR.checked(kind)
    wanted = read(data, (_FOR, _TIMEOUT, *KINDS[kind]), f"a wait for {kind}")
    del wanted["for"]
    timeout = float(wanted.pop("timeout", DEFAULT_TIMEOUT))
    names = _RENAMED.get(kind, {})
    wait: Wait = getattr(waits, kind)(**{names.get(name, name): value for name, value in wanted.items()})
    return wait, timeout
