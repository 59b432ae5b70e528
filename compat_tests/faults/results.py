"""What was seen, kept for the tables of docs/faults.md. `python -m compat_tests.faults.results` writes them there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from compat_tests.faults.cases import CASES
from compat_tests.faults.programs import CLIENTS, Chosen
from compat_tests.support.toolchains import CACHE, ROOT, alone

__all__ = ["note", "short"]

PATH = CACHE / "fault-results.json"
PAGE = ROOT / "docs" / "faults.md"

_LONGEST = 120

#: What our own worker, or a general exception, puts around what a client says.
_WRAPPINGS = (
    r"^(RuntimeError|SystemError|KafkaException): (?=KafkaError\{)",
    r"^RuntimeError: \d+ records not sent; \[['\"]",
    r"['\"]\]$",
    r"ExecutionException: ",
    r"\b[a-z]+(\.[a-z]+)+\.(?=[A-Z])",
)

#: What clients' loggers put in front of a line: librdkafka's, slf4j's and franz-go's.
_PREFIXES = (
    r"^%\d\|[^ ]*\| \[thrd:[^]]*\]: ",
    r"^\[[^]]*\] (WARN|ERROR) [\w.$]+ - (\[\w+ clientId=[^]]*\] )?",
    r"^\[(WARN|ERROR)\] ",
)

#: What differs from run to run.
_VARYING = (
    (r"127\.0\.0\.1:(?!1\b)\d+", "HOST:PORT"),
    (r"\('127\.0\.0\.1', (?!1\b)\d+\)", "(HOST, PORT)"),
    (r"\b(broker: |broker |[Nn]ode (with )?(id )?|from )\d+\b", r"\1N"),
    (r"(HOST:PORT/|127\.0\.0\.1:1/|Coordinator/|Broker id |> to )\d+", r"\1N"),
    (r"\(id [\w+/-]{22}\)", "(id ID)"),
    (r"crc -?[0-9a-f]{6,8}\b", "crc X"),
    (r"correlation id \d+", "correlation id N"),
    (r"after \d+ms", "after N ms"),
    (r"checksum \d+", "checksum N"),
)


def note(client: Chosen, case: str, outcome: str, path: Path = PATH) -> None:
    """Keep what became of a client, and what it logged."""
    logged = [_cell(_without(_PREFIXES, line)) for line in client.logged if _is_of_client(line)]
    with alone("fault-results"):
        seen = json.loads(path.read_text()) if path.exists() else {}
        seen.setdefault(case, {})[client.title] = {"outcome": outcome, "logged": list(dict.fromkeys(logged))}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n")


def short(error: str) -> str:
    """The gist of an error, as a cell of a table."""
    said = error.splitlines()[0].partition("}: ")[2] or error.splitlines()[0]
    return _cell(_without(_WRAPPINGS, said))


def _is_of_client(line: str) -> bool:
    """Neither of our own worker, nor the frames of a traceback."""
    return (
        bool(line.strip())
        and "context canceled" not in line
        and not re.match(r"\s|Traceback|Caused by", line)
    )


def _without(patterns: Iterable[str], text: str) -> str:
    for pattern in patterns:
        text = re.sub(pattern, "", text)
    return text


def _cell(text: str) -> str:
    text = re.sub(r"\s+", " ", text).replace("|", "/").replace("<", "&lt;")
    for pattern, instead in _VARYING:
        text = re.sub(pattern, instead, text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _table(seen: dict[str, Any], cell: Callable[[dict[str, Any]], str]) -> str:
    titles = [f"{name} {version}" for name, version in CLIENTS.items()]
    rows = [f"| effect | {' | '.join(titles)} |", f"|---|{'---|' * len(titles)}"]
    for name, case in CASES.items():
        found = [seen.get(name, {}).get(title) for title in titles]
        cells = ["" if one is None else cell(one) for one in found]
        if any(cells):
            rows.append(f"| {case.title} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def page(text: str, seen: dict[str, Any]) -> str:
    """The page with what was seen."""
    reasons = "".join(f"- {case.title}: {case.why}\n" for case in CASES.values() if case.why)
    made = {
        "clients": _table(seen, lambda one: str(one["outcome"])),
        "reasons": reasons,
        "logs": _table(seen, lambda one: "<br>".join(one["logged"][:2])),
    }
    for name, block in made.items():
        marks = rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end -->)"
        found = re.search(marks, text, flags=re.DOTALL)
        assert found is not None, name
        text = text[: found.end(1)] + block + text[found.start(2) :]
    return text


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(), json.loads(PATH.read_text())))


if __name__ == "__main__":
    main()
