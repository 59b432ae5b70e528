"""Over HTTP: the journal, and what is found in it."""

from __future__ import annotations

from typing import Any

from mockbroker.control.exports import as_json_line, as_pcap
from mockbroker.control.form import Field
from mockbroker.control.problems import NotFound
from mockbroker.control.query import Query, query
from mockbroker.server.http.events import journal_stream
from mockbroker.server.http.fault_verbs import exchange_schema
from mockbroker.server.http.json_text import decoded, exchange_data
from mockbroker.server.http.messages import EventStream, Response
from mockbroker.server.http.problems import Problem
from mockbroker.server.http.route import Asked, Route
from mockbroker.server.http.schemas import array, result
from mockbroker.server.http.sites import Site

__all__ = ["ROUTES"]

_LIMIT = 1000
_NO_STORE = (("Cache-Control", "no-store"),)


def _query(asked: Asked) -> Query:
    conditions = {name: value for name, value in asked.query.items() if name != "format"}
    return query(**conditions)


def _journal(site: Site, asked: Asked) -> Any:
    journal = site.control.journal
    wanted = _query(asked)
    if wanted.limit is None:
        wanted = wanted._replace(limit=_LIMIT)
    return {
        "exchanges": [exchange_data(each) for each in journal.exchanges(wanted)],
        "next": journal.total,
        "dropped": journal.dropped,
        "has_wrapped": journal.has_wrapped,
    }


def _exchange(site: Site, asked: Asked) -> Any:
    number = asked.path["number"]
    found = site.control.journal.exchanges(Query(since=number))[:1] if number >= 0 else []
    if not found or found[0].number != number:
        raise NotFound("exchange", number)
    return decoded(found[0])


def _clear(site: Site, asked: Asked) -> None:
    site.control.journal.clear()


def _export(site: Site, asked: Asked) -> Response:
    exchanges = site.control.journal.exchanges(_query(asked))
    if asked.query.get("format", "jsonl") == "pcap":
        return Response(200, as_pcap(exchanges), "application/vnd.tcpdump.pcap", _NO_STORE)
    lines = "".join(map(as_json_line, exchanges))
    return Response(200, lines.encode(), "application/jsonl; charset=utf-8", _NO_STORE)


async def _follow(site: Site, asked: Asked) -> EventStream:
    wanted = _query(asked)
    last = asked.headers.get("last-event-id")
    if last is not None:
        if not last.isdecimal():
            raise Problem(400, "Last-Event-ID must be the number of an exchange", field="Last-Event-ID")
        wanted = wanted._replace(since=int(last) + 1, limit=None)
    elif "since" not in asked.query and wanted.limit is None:
        wanted = wanted._replace(since=site.control.journal.total)
    return EventStream(lambda: journal_stream(site, wanted))


def _lint(site: Site, asked: Asked) -> Any:
    findings = site.control.lint(asked.query.get("rule"), asked.query.get("ignore", ()))
    return {
        "findings": [
            {
                "rule": each.rule,
                "client_id": each.client_id,
                "what": each.what,
                "reason": each.reason,
                "setting": each.setting,
                "evidence": [exchange_data(one) for one in each.evidence],
                "text": str(each),
            }
            for each in findings
        ]
    }


def _verify(site: Site, asked: Asked) -> Any:
    report = site.control.verify()
    return {
        "ok": bool(report),
        "violations": [
            {
                "kind": each.kind,
                "topic": each.topic,
                "partition": each.partition,
                "offsets": list(each.offsets),
                "what": each.what,
                "evidence": [exchange_data(one) for one in each.evidence],
                "text": str(each),
            }
            for each in report.violations
        ],
        "acknowledged": report.acknowledged,
        "fetched": report.fetched,
        "is_complete": report.is_complete,
        "text": str(report),
    }


_EXCHANGE = exchange_schema()
_CONDITIONS = (
    Field("api", about="an API's name; several times for several", repeats=True),
    Field("client_id", about="with `*` and `?` as in file names"),
    Field("topic", about="with `*` and `?` as in file names"),
    Field("since", "integer", "the number of the first exchange that is of interest", least=0),
    Field("limit", "integer", "the newest so many", least=0),
    Field("version", about="7, 3-8, or 12+"),
    Field("error", about="an error code that the answer has"),
    Field("group"),
    Field("transactional_id"),
    Field("partition", "integer", least=0),
    Field("principal"),
    Field("broker", "integer"),
    Field("connection", "integer"),
    Field("faulted", "boolean", "whether a fault acted on it"),
)
_RULES = (
    Field("rule", about="the name of a rule; several times for several", repeats=True),
    Field("ignore", about="a rule that does not count", repeats=True),
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/journal",
        _journal,
        f"Exchanges in order; the newest {_LIMIT} unless a limit is given",
        query=_CONDITIONS,
        result=result(exchanges=array(_EXCHANGE), next="integer", dropped="integer", has_wrapped="boolean"),
    ),
    Route("DELETE", "/journal", _clear, "Forget the journal"),
    Route(
        "GET",
        "/journal/events",
        _follow,
        "Exchanges as they are answered: server-sent events, from now on unless `since` is given",
        query=_CONDITIONS,
    ),
    Route(
        "GET",
        "/journal/export",
        _export,
        "Exchanges with all their bytes, to be kept: lines of JSON, or a capture for Wireshark",
        query=(*_CONDITIONS, Field("format", choices=("jsonl", "pcap"))),
    ),
    Route("GET", "/journal/{number}", _exchange, "An exchange, decoded field by field", result=_EXCHANGE),
    Route(
        "GET",
        "/lint",
        _lint,
        "What clients did that will hurt in production",
        query=_RULES,
        result=result(findings=array({"type": "object"})),
    ),
    Route(
        "GET",
        "/verify",
        _verify,
        "Whether what clients were told is true: records lost, duplicated, reordered",
        result=result(
            ok="boolean",
            violations=array({"type": "object"}),
            acknowledged="integer",
            fetched="integer",
            is_complete="boolean",
            text="string",
        ),
    ),
)
