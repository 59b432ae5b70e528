"""Makes docs/compatibility.md of what `make compat` recorded: `python -m compat_tests.report`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from compat_tests.support.results import PATH, Results, load
from compat_tests.support.toolchains import ROOT

DOCUMENT = ROOT / "docs" / "compatibility.md"
CELLS = {"passed": "yes", "failed": "**no**", "skipped": "not run"}
TOOLS = "kafka_cli"
PARTS = ("kafka_streams", "kafka_connect")
HEADING = """\
# Compatibility

Made by `make compat-report` from the results of `make compat`; not edited by hand. Each row is a test, or several,
in `compat_tests/` that a stock client drives over sockets against `mockbroker serve`. The same tests pass against
Apache Kafka 4.3.1 (`make compat-real`). `-`: no such test with that client, most often since it cannot do it.
"""


def version_key(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def cell(outcome: str | None) -> str:
    """What the table says of an outcome; None: there is no such test."""
    return "-" if outcome is None else CELLS[outcome]


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first row is its heading."""
    heading, *body = rows
    lines = [heading, ["---"] * len(heading), *body]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)


def clients_table(results: Results) -> str:
    """Client libraries across, capabilities down."""
    columns = [
        (client, version)
        for client, versions in sorted(results.items())
        if client not in (TOOLS, *PARTS)
        for version in sorted(versions, key=version_key)
    ]
    capabilities = sorted({name for client, version in columns for name in results[client][version]})
    rows = [["", *(f"{client.replace('_', '-')} {version}" for client, version in columns)]]
    for capability in capabilities:
        outcomes = [results[client][version].get(capability) for client, version in columns]
        rows.append([capability, *map(cell, outcomes)])
    return table(rows)


def tools_table(results: Results) -> str:
    """The command line tools of Apache Kafka, a row each."""
    versions = sorted(results.get(TOOLS, {}), key=version_key)
    tools = sorted({tool for version in versions for tool in results[TOOLS][version]})
    rows = [
        [f"`{tool}`", *(cell(results[TOOLS][version].get(tool)) for version in versions)] for tool in tools
    ]
    return table([["tool", *versions], *rows])


def parts_table(results: Results) -> str:
    """What else of Apache Kafka runs on top of its clients, a row for each capability."""
    rows = [
        [f"{part.replace('_', ' ').title()} {version}", capability, CELLS[outcome]]
        for part in PARTS
        for version, capabilities in results.get(part, {}).items()
        for capability, outcome in sorted(capabilities.items())
    ]
    return table([["", "", ""], *rows])


def document(results: Results) -> str:
    """The whole page."""
    return (
        f"{HEADING}\n## Stock clients\n\n{clients_table(results)}"
        f"\n## Kafka Streams and Kafka Connect\n\n{parts_table(results)}"
        f"\n## Command line tools of Apache Kafka\n\n{tools_table(results)}"
    )


def main() -> int:
    results = load(PATH)
    if not results:
        print(f"no results in {PATH}: run `make compat` first", file=sys.stderr)
        return 1
    DOCUMENT.write_text(document(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
