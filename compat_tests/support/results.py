"""Records, test by test, what worked with which client. `python -m compat_tests.report` makes a document of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compat_tests.support.toolchains import CACHE

PATH = CACHE / "compat-results.json"

# client -> version -> capability -> "passed", "failed" or "skipped: why"
Results = dict[str, dict[str, dict[str, str]]]


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
        key = tuple(str(properties[name]) for name in ("client", "version", "capability"))
        client, version, capability = key
        before = self.seen.get((client, version, capability), "passed")
        if report.failed or before == "failed":
            outcome = "failed"
        elif report.skipped:
            outcome = f"skipped: {report.longrepr[2]}" if isinstance(report.longrepr, tuple) else "skipped"
        else:
            outcome = before
        self.seen[client, version, capability] = outcome

    def pytest_sessionfinish(self) -> None:
        if not self.seen:
            return
        results = load(self.path)
        for (client, version, capability), outcome in self.seen.items():
            results.setdefault(client, {}).setdefault(version, {})[capability] = outcome
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
