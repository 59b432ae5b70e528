"""The workflows of the page about CI: GitHub's schema, and the steps that start mockbroker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from compat_tests.clients.environments import environment
from compat_tests.quickstarts.pages import blocks, write_command
from compat_tests.support.toolchains import ROOT

CHECKER = "check-jsonschema==0.39.0"
PAGE = "quickstart/ci.md"


@pytest.fixture(scope="module")
def python() -> Path:
    return environment("check-jsonschema", [CHECKER], needs_python_311=False)


def check(python: Path, schema: str, file: Path) -> None:
    command = [f"{python.parent}/check-jsonschema", "--builtin-schema", schema, f"{file}"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def read(python: Path, text: str) -> Any:
    code = (
        "import json, sys; from ruamel.yaml import YAML; print(json.dumps(YAML(typ='safe').load(sys.stdin)))"
    )
    result = subprocess.run([python, "-c", code], input=text, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


@pytest.mark.parametrize("number", range(3))
def test_the_workflows_are_such(python: Path, tmp_path: Path, number: int) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text(blocks(PAGE, "yaml")[number])
    check(python, "vendor.github-workflows", file)


def test_the_compose_file_is_one(python: Path) -> None:
    check(python, "vendor.compose-spec", ROOT / "docker" / "compose.yaml")


def test_the_service_is_told_what_the_entrypoint_understands(python: Path) -> None:
    from mockbroker.cli.container import arguments_of

    workflow = read(python, blocks(PAGE, "yaml")[2])
    told = arguments_of(workflow["jobs"]["test"]["services"]["kafka"]["env"])
    assert told[2:8] == ["--advertise", "localhost:9092", "--topic", "orders:6", "--set", "num.partitions=3"]


def test_the_steps_that_start_it_do(python: Path, tmp_path: Path) -> None:
    workflow = read(python, blocks(PAGE, "yaml")[1])
    steps = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    _, start, ask, _ = steps
    # On ports that are free here.
    start = start.replace("serve", "serve --port 0 --control 127.0.0.1:0")
    find = 'export MOCKBROKER_CONTROL="$(sed "s/.*control=//" ready.txt)"'
    path = f"{write_command(tmp_path / 'bin', sys.executable)}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        ["bash", "-e", "-c", "\n".join([start, find, ask, "kill %1"])],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        shown, _ = process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0
    assert "mockbroker ready" in shown
    assert [line.split()[:4] for line in shown.splitlines() if line.startswith("orders")] == [
        ["orders", "6", "3", "0"]
    ]
