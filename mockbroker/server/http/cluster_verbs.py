"""Over HTTP: health, the state at a look, brokers, the clock, snapshots, waits, further clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockbroker.control import overview
from mockbroker.control.commands import topic_specs
from mockbroker.control.form import Field
from mockbroker.control.problems import BadField, NotFound
from mockbroker.control.views import ConnectionState
from mockbroker.control.wait_spec import WAIT_FIELDS, wait_from
from mockbroker.server.http.events import state_of, state_stream
from mockbroker.server.http.fault_verbs import exchange_schema
from mockbroker.server.http.json_text import exchange_data, plain
from mockbroker.server.http.messages import EventStream
from mockbroker.server.http.problems import Problem
from mockbroker.server.http.route import ANYTHING, Asked, Route
from mockbroker.server.http.schemas import array, fields_schema, named, result
from mockbroker.server.http.sites import Site
from mockbroker.server.waits import wait_in_task

__all__ = ["ROUTES"]

#: Seconds: longer than anybody means, and short enough to have passed in a moment.
_LONGEST_STEP = 400 * 86_400


def _health(site: Site, asked: Asked) -> Any:
    return {"ready": True, "bootstrap_servers": site.served.bootstrap_servers}


def _state(site: Site, asked: Asked) -> Any:
    return state_of(site)


async def _state_events(site: Site, asked: Asked) -> EventStream:
    return EventStream(lambda: state_stream(site))


def _brokers(site: Site, asked: Asked) -> Any:
    return {"brokers": plain(overview.brokers(site.core, site.control))}


def _broker(site: Site, asked: Asked) -> Any:
    site.control.causes.check_broker(asked.path["broker"])
    found = overview.brokers(site.core, site.control)
    return plain(next(each for each in found if each.id == asked.path["broker"]))


def _act(verb: Callable[[Site, int], object]) -> Callable[[Site, Asked], Any]:
    """Do something to a broker, and show it."""

    def answer(site: Site, asked: Asked) -> Any:
        verb(site, asked.path["broker"])
        return _broker(site, asked)

    return answer


_BROKER_VERBS: dict[str, tuple[Callable[[Site, int], object], str]] = {
    "stop": (lambda site, id: site.served.stop_broker(id), "Shut a broker down in a controlled way"),
    "start": (lambda site, id: site.served.start_broker(id), "Start a broker again"),
    "kill": (lambda site, id: site.served.kill_broker(id), "End a broker without warning"),
    "isolate": (
        lambda site, id: site.control.causes.isolate(id),
        "Cut a broker off from the others and the controller",
    ),
    "heal": (lambda site, id: site.control.causes.heal(id), "End the isolation of a broker"),
}


def _connections(site: Site, asked: Asked) -> Any:
    return {"connections": plain(site.control.inspection.connections())}


def _clock(site: Site, asked: Asked) -> Any:
    return {"now": site.core.clock.now, "is_paused": site.served.server.timekeeper.is_paused}


def _pause(site: Site, asked: Asked) -> Any:
    site.served.server.timekeeper.pause()
    return _clock(site, asked)


def _resume(site: Site, asked: Asked) -> Any:
    site.served.server.timekeeper.resume()
    return _clock(site, asked)


def _advance(site: Site, asked: Asked) -> Any:
    seconds = asked.body["seconds"]
    if seconds > _LONGEST_STEP:
        raise BadField("seconds", f"must be at most {_LONGEST_STEP}, not {seconds}")
    site.served.server.timekeeper.advance(seconds)
    return _clock(site, asked)


async def _wait(site: Site, asked: Asked) -> Any:
    wait, timeout = site.call(lambda: wait_from(site.control.waits, asked.body))
    found = await wait_in_task(site.served.server, site.control, wait, timeout)
    return {"waited_for": wait.what, "found": site.call(lambda: _found(found))}


def _found(value: Any) -> Any:
    if isinstance(value, list) and value and hasattr(value[0], "frame"):
        return [exchange_data(each) for each in value]
    if isinstance(value, dict):
        return [
            {"topic": topic, "partition": partition, **plain(each)}
            for (topic, partition), each in value.items()
        ]
    return plain(value)


def _reset(site: Site, asked: Asked) -> None:
    site.served.reset()
    site.scenarios.clear()


def _take(site: Site, asked: Asked) -> Any:
    number = site.next_number()
    site.snapshots[number] = site.served.snapshot()
    return {"id": number, "at": site.snapshots[number].at}


def _snapshots(site: Site, asked: Asked) -> Any:
    return {"snapshots": [{"id": id, "at": each.at} for id, each in site.snapshots.items()]}


def _restore(site: Site, asked: Asked) -> Any:
    number = asked.path["snapshot"]
    if number not in site.snapshots:
        raise NotFound("snapshot", number)
    site.served.restore(site.snapshots[number])
    return {"id": number, "at": site.snapshots[number].at}


def _forget(site: Site, asked: Asked) -> None:
    if site.snapshots.pop(asked.path["snapshot"], None) is None:
        raise NotFound("snapshot", asked.path["snapshot"])


def _cluster_data(site: Site) -> dict[str, Any]:
    return {
        "id": site.id,
        "bootstrap_servers": site.served.bootstrap_servers,
        "cluster_id": site.core.cluster.cluster_id,
        "brokers": len(site.core.cluster.nodes),
        "path": f"/v1/clusters/{site.id}",
    }


def _clusters(site: Site, asked: Asked) -> Any:
    return {"clusters": [_cluster_data(each) for each in site.sites.all.values()]}


def _cluster(site: Site, asked: Asked) -> Any:
    return _cluster_data(site.sites.find(asked.path["cluster"]))


async def _add_cluster(site: Site, asked: Asked) -> Any:
    options = dict(asked.body)
    topics = options.get("topics", {})
    counts = topics.values() if isinstance(topics, dict) else ()
    names = topics if isinstance(topics, list) else ()
    if not all(type(each) is int for each in counts) or not all(type(each) is str for each in names):
        raise BadField("topics", 'must be numbers of partitions by name, or names: {"orders": 6}')
    if not all(isinstance(each, str) for each in options.get("racks", [])):
        raise BadField("racks", "must be a list of texts")
    topic_specs(topics)
    return _cluster_data(await site.sites.add(**options))


def _remove_cluster(site: Site, asked: Asked) -> None:
    if asked.path["cluster"] == site.sites.first.id:
        raise Problem(409, "the first cluster ends with its process", field="cluster")
    site.sites.remove(asked.path["cluster"])


_BROKER = named(overview.BrokerState)
_CLOCK = result(now="number", is_paused="boolean")
_SNAPSHOT = result(id="integer", at="number")
_CLUSTER = result(
    id="integer", bootstrap_servers="string", cluster_id="string", brokers="integer", path="string"
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/health",
        _health,
        "Whether clients are served, and where",
        result=result(ready="boolean", bootstrap_servers="string"),
    ),
    Route("GET", "/state", _state, "Brokers, topics, groups, faults and clock at one look"),
    Route("GET", "/state/events", _state_events, "The same whenever it has changed: server-sent events"),
    Route("GET", "/brokers", _brokers, "All brokers", result=result(brokers=array(_BROKER))),
    Route("GET", "/brokers/{broker}", _broker, "A broker", result=_BROKER),
    *(
        Route("POST", f"/brokers/{{broker}}/{name}", _act(verb), summary, result=_BROKER)
        for name, (verb, summary) in _BROKER_VERBS.items()
    ),
    Route(
        "GET",
        "/connections",
        _connections,
        "Who is connected",
        result=result(connections=array(named(ConnectionState))),
    ),
    Route("GET", "/clock", _clock, "The brokers' time, in seconds since the epoch", result=_CLOCK),
    Route("POST", "/clock/pause", _pause, "Stop the brokers' time", result=_CLOCK),
    Route("POST", "/clock/resume", _resume, "Let it go on from where it stands", result=_CLOCK),
    Route(
        "POST",
        "/clock/advance",
        _advance,
        "Let so many seconds pass at once; all that becomes due has happened with the answer",
        body=(Field("seconds", "number", required=True, least=0),),
        result=_CLOCK,
    ),
    Route(
        "POST",
        "/wait",
        _wait,
        "Wait until something is so; 408 with an explanation when it has not come in time",
        body=ANYTHING,
        described=fields_schema(WAIT_FIELDS),
        result={
            "type": "object",
            "properties": {"waited_for": {"type": "string"}, "found": {}},
            "description": f"`found` is the group, the offsets, records, or exchanges ({exchange_schema()['title']}).",
        },
    ),
    Route("POST", "/reset", _reset, "Go back to the beginning; forget faults and the journal"),
    Route("POST", "/snapshots", _take, "Keep the whole state", result=_SNAPSHOT, status=201),
    Route("GET", "/snapshots", _snapshots, "What was kept", result=result(snapshots=array(_SNAPSHOT))),
    Route("POST", "/snapshots/{snapshot}/restore", _restore, "Go back to a state", result=_SNAPSHOT),
    Route("DELETE", "/snapshots/{snapshot}", _forget, "Forget a state"),
    Route(
        "GET",
        "/clusters",
        _clusters,
        "The clusters of this process; each has all of this under its path",
        result=result(clusters=array(_CLUSTER)),
    ),
    Route("GET", "/clusters/{cluster}", _cluster, "A cluster", result=_CLUSTER),
    Route(
        "POST",
        "/clusters",
        _add_cluster,
        "Start a further cluster in this process",
        body=(
            Field("brokers", "integer", least=1),
            Field("topics", "object|array", "numbers of partitions by name, or names"),
            Field("config", "object", "broker configs by Kafka's names"),
            Field("racks", "array", "the brokers' racks, in order"),
            Field("host", about="127.0.0.1 unless said"),
            Field("port", "integer", "the first broker's; free ones unless said", least=0),
            Field("seed", "integer"),
            Field("telemetry", "boolean"),
            Field("emulate", about='the release of Kafka to be: "2.8"'),
        ),
        result=_CLUSTER,
        status=201,
    ),
    Route("DELETE", "/clusters/{cluster}", _remove_cluster, "Stop a further cluster"),
)
