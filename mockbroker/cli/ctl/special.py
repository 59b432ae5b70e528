"""Verbs of `ctl` that are more than one request and its answer."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mockbroker.cli.ctl.tables import clock, pairs, table

__all__ = ["export_or_show", "given", "produce", "wait_for"]


def export_or_show(client: Any, options: argparse.Namespace, *, conditions: Iterable[str]) -> int:
    """The journal, of the exchanges that meet the conditions given: printed, followed, or written to a file."""
    query = given(options, conditions)
    if options.save is not None:
        return _save(client, query, options.save)
    if options.follow:
        for exchange in client.events("/journal/events", query):
            print(json.dumps(exchange, ensure_ascii=False) if options.json else _line(exchange), flush=True)
        return 0
    answer = client.ask("GET", "/journal", query)
    if options.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
        return 0
    for exchange in answer["exchanges"]:
        print(_line(exchange))
    if answer["has_wrapped"]:
        print(f"the journal was full: {answer['dropped']} exchanges are gone", file=sys.stderr)
    return 0


def given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """The options of these names that were given; zero was."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value or (value == 0 and value is not False)}


def produce(client: Any, options: argparse.Namespace) -> int:
    """Append one record, or those of a file."""
    records: list[Any] = []
    if options.file is not None:
        try:
            text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text("utf-8")
            records = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            print(f"mockbroker ctl: cannot read {options.file}: {error}", file=sys.stderr)
            return 1
    else:
        record = {name: getattr(options, name) for name in ("key", "value", "partition")}
        headers = [tuple(header.partition("=")[::2]) for header in options.header]
        records = [{**record, **({"headers": headers} if headers else {})}]
    answer = client.ask("POST", f"/topics/{client.quoted(options.topic)}/records", body={"records": records})
    if options.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        print(table(answer["records"], (("PARTITION", "partition"), ("OFFSET", "offset"))), end="")
    return 0


def wait_for(client: Any, options: argparse.Namespace) -> int:
    """Wait as long as it takes, or as long as was said."""
    body = {"for": options.what, **dict(options.pairs)}
    timeout = body.get("timeout", 10)
    patience = float(timeout) if isinstance(timeout, (int, float)) else 0.0
    answer = client.ask("POST", "/wait", body=body, patience=patience)
    if options.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        found = answer["found"]
        print(pairs(found) if isinstance(found, dict) else f"{answer['waited_for']}: {len(found)}\n", end="")
    return 0


def _save(client: Any, query: dict[str, Any], name: str) -> int:
    kind = Path(name).suffix.removeprefix(".")
    if kind not in ("jsonl", "pcap"):
        print(f"mockbroker ctl: {name} ends neither in .jsonl nor in .pcap", file=sys.stderr)
        return 2
    content = client.content("/journal/export", {**query, "format": kind})
    try:
        Path(name).write_bytes(content)
    except OSError as error:
        print(f"mockbroker ctl: cannot write {name}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _line(exchange: Any) -> str:
    return f"{clock(exchange['at'])} {exchange['text']}"
