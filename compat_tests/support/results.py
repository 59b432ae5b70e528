"""Records, test by test, what worked with which client. `python -m compat_tests.report` makes a document of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compat_tests.support.toolchains import CACHE

PATH = CACHE / "compat-results.json"

# client -> version -> capability -> "passed", "failed" or "skipped"
Results = dict[str, dict[str, dict[str, str]]]
WORST_LAST = ("passed", "skipped", "failed")


def load(path: Path) -> Results:
    """What earlier runs recorded."""
    if not path.exists():
        return {}
    results: Results = json.loads(path.read_text())
    return results


class Recorder:
    """A pytest plugin: keeps each capability's worst outcome of this run, over what earlier runs recorded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: dict[tuple[str, str, str], str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        if "capability" not in properties:
            return
        key = (str(properties["client"]), str(properties["version"]), str(properties["capability"]))
        self.seen[key] = max(self.seen.get(key, "passed"), report.outcome, key=WORST_LAST.index)

    def pytest_sessionfinish(self) -> None:
        if not self.seen:
            return
        results = load(self.path)
        for (client, version, capability), outcome in self.seen.items():
            results.setdefault(client, {}).setdefault(version, {})[capability] = outcome
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
