"""The verbs of `mockbroker ctl`, as one table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from mockbroker.cli.ctl.special import export_or_show, produce, wait_for
from mockbroker.cli.ctl.tables import Column, cell, clock, pairs, table

__all__ = ["VERBS", "Verb"]


class Verb(NamedTuple):
    """A verb.

    Attributes:
        path: behind /v1, with the arguments in braces.
        arguments, options: names and kinds: "string", "integer", "number"; options also "flag" and "repeated string".
        takes_pairs: whether NAME=VALUE make up the body.
        body: makes the body of the options otherwise.
        rows: the field of the answer that is a list; "" where the answer is one thing.
        columns: of the table.
        fails: whether an answer stands for something that is not so.
        do: does it all by itself.
    """

    name: str
    summary: str
    method: str = "GET"
    path: str = ""
    arguments: Mapping[str, str] = MappingProxyType({})
    options: Mapping[str, str] = MappingProxyType({})
    takes_pairs: bool = False
    body: Callable[[argparse.Namespace], Any] | None = None
    rows: str = ""
    columns: tuple[Column, ...] = ()
    fails: Callable[[Any], bool] | None = None
    do: Callable[[Any, argparse.Namespace], int] | None = None

    def shown(self, answer: Any) -> str:
        """The answer as text."""
        if answer is None:
            return ""
        if self.rows:
            return table(answer[self.rows], self.columns)
        if set(answer) >= {"text", "ok"}:
            return f"{answer['text'] or 'ok'}\n"
        return pairs(answer)

    def exit_code(self, answer: Any) -> int:
        return 1 if self.fails is not None and self.fails(answer) else 0


def _new_topic(options: argparse.Namespace) -> dict[str, Any]:
    name, *numbers = options.topic.split(":")
    body: dict[str, Any] = {
        "name": name,
        "config": dict(each.split("=", 1) for each in options.config if "=" in each),
    }
    for field, text in zip(("partitions", "replication_factor"), numbers, strict=False):
        body[field] = int(text) if text.isdecimal() else text
    return body


def _records_text(record: Any, field: str) -> Any:
    return record[field] if record[field] is not None else record.get(f"{field}_base64")


_AT = "/partitions/{topic}/{partition}"
_PARTITION = {"topic": "string", "partition": "integer"}
_PLACE = ("topic", "partition")
_CONDITIONS = {
    "api": "repeated string",
    "client_id": "string",
    "topic": "string",
    "group": "string",
    "transactional_id": "string",
    "partition": "integer",
    "broker": "integer",
    "version": "string",
    "error": "string",
    "faulted": "flag",
    "since": "integer",
    "limit": "integer",
}


def _same(*names: str) -> tuple[Column, ...]:
    return tuple((name.upper().replace("_", " "), name) for name in names)


_FAULT = (*_same("id", "hits", "seen", "active"), ("FAULT", "text"))

_ALL = (
    Verb("health", "whether clients are served, and where", path="/health"),
    Verb(
        "topics",
        "all topics",
        path="/topics",
        options={"internal": "flag"},
        rows="topics",
        columns=(
            ("TOPIC", "name"),
            ("PARTITIONS", lambda topic: len(topic["partitions"])),
            ("REPLICATION", "replication_factor"),
            ("RECORDS", "records"),
            ("CONFIG", "config"),
        ),
    ),
    Verb("topic", "one topic with its partitions", path="/topics/{topic}", arguments={"topic": "string"}),
    Verb(
        "create-topic",
        "create a topic: NAME[:PARTITIONS[:REPLICATION]]",
        "POST",
        "/topics",
        arguments={"topic": "string"},
        options={"config": "repeated string"},
        body=_new_topic,
    ),
    Verb("delete-topic", "delete a topic", "DELETE", "/topics/{topic}", arguments={"topic": "string"}),
    Verb(
        "records",
        "the records of a topic",
        path="/topics/{topic}/records",
        arguments={"topic": "string"},
        options={"partition": "integer", "offset": "integer", "limit": "integer"},
        rows="records",
        columns=(
            *_same("partition", "offset"),
            ("TIME", lambda record: clock(record["timestamp_ms"] / 1000)),
            ("KEY", lambda record: _records_text(record, "key")),
            ("VALUE", lambda record: _records_text(record, "value")),
            ("HEADERS", lambda record: [f"{name}={cell(value)}" for name, value in record["headers"]]),
        ),
    ),
    Verb(
        "produce",
        "append records: --value, or lines of JSON from --file (- is standard input)",
        arguments={"topic": "string"},
        options={
            "value": "string",
            "key": "string",
            "partition": "integer",
            "header": "repeated string",
            "file": "string",
        },
        do=produce,
    ),
    Verb("partition", "leader, replicas and offsets of a partition", path=_AT, arguments=_PARTITION),
    Verb(
        "move-leader",
        "let an in-sync replica lead a partition",
        "POST",
        f"{_AT}/leader",
        arguments={**_PARTITION, "to": "integer"},
        body=lambda options: {"to": options.to},
    ),
    Verb("pause-replication", "stop the followers", "POST", f"{_AT}/pause-replication", _PARTITION),
    Verb("resume-replication", "let them fetch again", "POST", f"{_AT}/resume-replication", _PARTITION),
    Verb(
        "producers",
        "the idempotent producers of a partition",
        path=f"{_AT}/producers",
        arguments=_PARTITION,
        rows="producers",
        columns=_same("producer_id", "producer_epoch", "last_sequence", "transaction_start_offset"),
    ),
    Verb(
        "groups",
        "all groups",
        path="/groups",
        rows="groups",
        columns=(
            ("GROUP", "group_id"),
            *_same("type", "state"),
            ("GENERATION", "generation_id"),
            ("MEMBERS", lambda group: len(group["members"])),
            ("LAG", "lag"),
        ),
    ),
    Verb(
        "group", "members, offsets and lag of a group", path="/groups/{group}", arguments={"group": "string"}
    ),
    Verb(
        "commit",
        "commit an offset for a group without members",
        "POST",
        "/groups/{group}/offsets",
        arguments={"group": "string", **_PARTITION, "offset": "integer"},
        body=lambda options: {
            "topic": options.topic,
            "partition": options.partition,
            "offset": options.offset,
        },
    ),
    Verb(
        "move-coordinator",
        "let another broker coordinate a group",
        "POST",
        "/groups/{group}/move-coordinator",
        arguments={"group": "string"},
    ),
    Verb(
        "transactions",
        "all transactional ids",
        path="/transactions",
        rows="transactions",
        columns=_same(
            "transactional_id", "state", "producer_id", "producer_epoch", "partitions", "coordinator"
        ),
    ),
    Verb(
        "fence",
        "do as if a second producer had begun with a transactional id",
        "POST",
        "/transactions/{id}/fence",
        arguments={"id": "string"},
    ),
    Verb(
        "connections",
        "who is connected",
        path="/connections",
        rows="connections",
        columns=_same(
            "connection", "broker", "client_id", "client_host", "client_port", "principal", "software"
        ),
    ),
    Verb(
        "brokers",
        "all brokers",
        path="/brokers",
        rows="brokers",
        columns=_same("id", "host", "port", "rack", "state", "is_controller", "leads", "connections"),
    ),
    *(
        Verb(name, f"{what} a broker", "POST", f"/brokers/{{broker}}/{name}", arguments={"broker": "integer"})
        for name, what in {
            "stop": "shut down",
            "start": "start",
            "kill": "end without warning",
            "isolate": "cut off from the others",
            "heal": "end the isolation of",
        }.items()
    ),
    Verb("clock", "the brokers' time", path="/clock"),
    Verb("pause", "stop the brokers' time", "POST", "/clock/pause"),
    Verb("resume", "let the brokers' time go on", "POST", "/clock/resume"),
    Verb(
        "advance",
        "let seconds of the brokers' time pass at once",
        "POST",
        "/clock/advance",
        arguments={"seconds": "number"},
        body=lambda options: {"seconds": options.seconds},
    ),
    Verb("faults", "the faults that are set", path="/faults", rows="faults", columns=_FAULT),
    Verb("fault", "a fault, with its hits", path="/faults/{id}", arguments={"id": "integer"}),
    Verb(
        "add-fault",
        "have something go wrong: api=Produce topic=orders error=NOT_LEADER_OR_FOLLOWER times=2",
        "POST",
        "/faults",
        takes_pairs=True,
    ),
    Verb("remove-fault", "take a fault away", "DELETE", "/faults/{id}", arguments={"id": "integer"}),
    Verb("clear-faults", "take all faults away", "DELETE", "/faults"),
    Verb(
        "check-faults",
        "whether every required fault has fired",
        path="/faults/check",
        fails=lambda answer: not answer["ok"],
    ),
    Verb(
        "scenarios",
        "the ready-made scenarios",
        path="/scenarios",
        rows="scenarios",
        columns=(("SCENARIO", "name"), ("OPTIONS", "options"), ("WHAT HAPPENS", "happens")),
    ),
    Verb(
        "begin",
        "begin a scenario: leader_flaps topic=orders",
        "POST",
        "/scenarios",
        arguments={"name": "string"},
        takes_pairs=True,
        body=lambda options: {"name": options.name, **dict(options.pairs)},
    ),
    Verb("end", "end a scenario", "DELETE", "/scenarios/{id}", arguments={"id": "integer"}),
    Verb(
        "journal",
        "what was asked and answered; --follow it, or --save it as .jsonl or .pcap",
        path="/journal",
        options={**_CONDITIONS, "follow": "flag", "save": "string"},
        do=partial(export_or_show, conditions=_CONDITIONS),
    ),
    Verb("exchange", "one exchange, decoded", path="/journal/{number}", arguments={"number": "integer"}),
    Verb("clear-journal", "forget the journal", "DELETE", "/journal"),
    Verb(
        "wait",
        "wait until something is so: group group=billing state=Stable members=2 timeout=10",
        arguments={"what": "string"},
        takes_pairs=True,
        do=wait_for,
    ),
    Verb(
        "lint",
        "what clients did that will hurt in production",
        path="/lint",
        options={"rule": "repeated string", "ignore": "repeated string"},
        rows="findings",
        columns=(("RULE", "rule"), ("CLIENT", "client_id"), ("WHAT", "what"), ("CHANGE", "setting")),
        fails=lambda answer: bool(answer["findings"]),
    ),
    Verb(
        "verify",
        "whether records were lost, duplicated or reordered",
        path="/verify",
        fails=lambda answer: not answer["ok"],
    ),
    Verb("reset", "go back to the beginning", "POST", "/reset"),
    Verb("snapshot", "keep the whole state", "POST", "/snapshots"),
    Verb("snapshots", "what was kept", path="/snapshots", rows="snapshots", columns=_same("id", "at")),
    Verb("restore", "go back to a state", "POST", "/snapshots/{id}/restore", arguments={"id": "integer"}),
    Verb(
        "clusters",
        "the clusters of the process",
        path="/clusters",
        rows="clusters",
        columns=_same("id", "brokers", "bootstrap_servers", "path"),
    ),
    Verb(
        "add-cluster",
        "start a further cluster: brokers=3 topics='{\"orders\": 6}'",
        "POST",
        "/clusters",
        takes_pairs=True,
    ),
    Verb("remove-cluster", "stop a further cluster", "DELETE", "/clusters/{id}", arguments={"id": "integer"}),
)

#: By name.
VERBS: dict[str, Verb] = {verb.name: verb for verb in _ALL}
