"""What was seen, kept for the table of docs/faults.md. `python -m compat_tests.faults.results` writes it there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from compat_tests.faults.cases import CASES
from compat_tests.support.toolchains import CACHE, ROOT

__all__ = ["note"]

PATH = CACHE / "fault-results.json"
PAGE = ROOT / "docs" / "faults.md"

CLIENTS = (
    "confluent-kafka 2.16.1",
    "kafka-python 3.0.12",
    "aiokafka 0.14.0",
    "Java 4.3.1",
    "franz-go 1.22.2",
)


def note(client: str, case: str, outcome: str, path: Path = PATH) -> None:
    """Keep one outcome."""
    seen = json.loads(path.read_text()) if path.exists() else {}
    seen.setdefault(case, {})[client] = outcome
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n")


def table(seen: dict[str, dict[str, str]]) -> str:
    """The outcomes as a table."""
    rows = [f"| effect | {' | '.join(CLIENTS)} |", f"|---|{'---|' * len(CLIENTS)}"]
    for name, case in CASES.items():
        outcomes = [seen.get(name, {}).get(client, "") for client in CLIENTS]
        rows.append(f"| {case.title} | {' | '.join(outcomes)} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    text = PAGE.read_text()
    made = table(json.loads(PATH.read_text()))
    marks = r"(<!-- clients: [^\n]*-->\n).*?(<!-- end -->)"
    PAGE.write_text(re.sub(marks, lambda mark: mark[1] + made + mark[2], text, flags=re.DOTALL))


if __name__ == "__main__":
    main()
