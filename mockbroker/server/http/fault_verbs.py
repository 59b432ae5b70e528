"""Over HTTP: faults and scenarios."""

from __future__ import annotations

import inspect
import typing
from functools import cache
from typing import Any

from mockbroker.control.fault_spec import EFFECTS, FaultSpec
from mockbroker.control.faults import Fault
from mockbroker.control.problems import BadField, NotFound
from mockbroker.control.scenarios import SCENARIOS, Stage
from mockbroker.server.http.json_text import plain
from mockbroker.server.http.route import ANYTHING, Asked, Route
from mockbroker.server.http.schemas import array, one_of_type, result
from mockbroker.server.http.sites import Site
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode

__all__ = ["ROUTES", "exchange_schema", "fault_data"]


def fault_data(fault: Fault) -> dict[str, Any]:
    """A fault, with what it is in words."""
    return {**plain(fault.as_data()), "text": fault.title}


def _add(site: Site, asked: Asked) -> Any:
    if not isinstance(asked.body, dict):
        raise BadField("body", f"must be an object of JSON, not {asked.body!r}", FaultSpec._fields)
    return fault_data(site.control.fault(**asked.body))


def _all(site: Site, asked: Asked) -> Any:
    return {"faults": [fault_data(fault) for fault in site.control.faults]}


def _one(site: Site, asked: Asked) -> Any:
    return fault_data(site.control.faults.find(asked.path["fault"]))


def _remove(site: Site, asked: Asked) -> Any:
    return fault_data(site.control.faults.remove(asked.path["fault"]))


def _clear(site: Site, asked: Asked) -> None:
    site.control.faults.clear()


def _check(site: Site, asked: Asked) -> Any:
    error = site.control.check_faults()
    return {"ok": error is None, "text": "" if error is None else str(error)}


def _choices(site: Site, asked: Asked) -> Any:
    """What a form to add a fault offers."""
    return {
        "apis": sorted(api.name for api in APIS.values()),
        "errors": [code.name for code in ErrorCode if code],
        "effects": list(EFFECTS),
        "scenarios": _scenario_list(),
    }


def _scenario_list() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "happens": scenario.happens,
            "advice": scenario.advice,
            "options": {
                option: None if default is inspect.Parameter.empty else default
                for option, default in scenario.options.items()
            },
            "required": [
                option for option, default in scenario.options.items() if default is inspect.Parameter.empty
            ],
        }
        for name, scenario in SCENARIOS.items()
    ]


def _scenarios(site: Site, asked: Asked) -> Any:
    running = [_stage_data(id, *each) for id, each in site.scenarios.items()]
    return {"scenarios": _scenario_list(), "running": running}


def _stage_data(id: int, name: str, stage: Stage) -> dict[str, Any]:
    return {"id": id, "name": name, "faults": [fault_data(fault) for fault in stage.faults]}


def _begin(site: Site, asked: Asked) -> Any:
    options = asked.body
    if not isinstance(options, dict):
        raise BadField("body", f"must be an object of JSON, not {options!r}")
    options = dict(options)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise BadField("name", "which scenario?", SCENARIOS)
    try:
        stage = site.control.scenario(name, options)
    except TypeError as error:
        raise BadField("options", str(error)) from None
    id = site.next_number()
    site.scenarios[id] = name, stage
    return _stage_data(id, name, stage)


def _end(site: Site, asked: Asked) -> Any:
    id = asked.path["scenario"]
    if id not in site.scenarios:
        raise NotFound("scenario", id)
    name, stage = site.scenarios.pop(id)
    stage.end()
    return _stage_data(id, name, stage)


@cache
def exchange_schema() -> dict[str, Any]:
    """An exchange of the journal."""
    texts = ("client_id", "software", "principal", "listener", "client", "outcome", "fault", "text", "api")
    numbers = ("number", "version", "broker", "connection")
    return {
        "title": "Exchange",
        "type": "object",
        "properties": {
            **{name: {"type": "integer"} for name in numbers},
            **{name: {"type": ["string", "null"]} for name in texts},
            "at": {"type": "number", "description": "seconds since the epoch, by the brokers' clock"},
            "latency": {"type": ["number", "null"], "description": "seconds; null while it is not answered"},
            "topics": array({"type": "string"}),
            "groups": array({"type": "string"}),
            "errors": array({"type": "object"}),
        },
    }


def _fault_schema() -> dict[str, Any]:
    schema = one_of_type(FaultSpec)
    properties = dict(schema["properties"])
    for name, hint in typing.get_type_hints(FaultSpec).items():
        default = FaultSpec._field_defaults[name]
        if type(None) in typing.get_args(hint) and name in ("metadata", "versions"):
            properties[name] = {"type": ["object", "null"]}
        if default is not None:
            properties[name] = {**properties[name], "default": default}
    return {"type": "object", "properties": properties, "additionalProperties": False}


_FAULT: dict[str, Any] = {
    "type": "object",
    "properties": {
        **_fault_schema()["properties"],
        "id": {"type": "integer"},
        "hits": {"type": "integer", "description": "how often it fired"},
        "seen": {"type": "integer", "description": "how many requests matched"},
        "active": {"type": "boolean", "description": "whether it may still fire"},
        "text": {"type": "string"},
    },
    "required": ["id", "hits", "seen", "active"],
}
_SCENARIO = {
    "type": "object",
    "properties": {"name": {"type": "string", "enum": list(SCENARIOS)}},
    "required": ["name"],
    "description": "The name, and the options of the scenario beside it.",
}
_STAGE = result(id="integer", name="string", faults=array(_FAULT))

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/faults",
        _add,
        "Have something go wrong",
        body=ANYTHING,
        described=_fault_schema(),
        result=_FAULT,
        status=201,
    ),
    Route("GET", "/faults", _all, "The faults that are set", result=result(faults=array(_FAULT))),
    Route("GET", "/faults/choices", _choices, "APIs, error codes, effects and scenarios by name"),
    Route(
        "GET",
        "/faults/check",
        _check,
        "Whether every required fault has fired, and if not which requests came near",
        result=result(ok="boolean", text="string"),
    ),
    Route("GET", "/faults/{fault}", _one, "A fault, with its hits", result=_FAULT),
    Route("DELETE", "/faults/{fault}", _remove, "Take a fault away; it is shown as it was", result=_FAULT),
    Route("DELETE", "/faults", _clear, "Take all faults away"),
    Route("GET", "/scenarios", _scenarios, "Ready-made scenarios, and those that run"),
    Route(
        "POST",
        "/scenarios",
        _begin,
        "Begin a scenario",
        body=ANYTHING,
        described=_SCENARIO,
        result=_STAGE,
        status=201,
    ),
    Route("DELETE", "/scenarios/{scenario}", _end, "End a scenario; its faults are removed", result=_STAGE),
)
