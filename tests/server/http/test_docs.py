"""The examples of the pages on HTTP, `ctl` and kfake, run in a shell; each prints what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbroker import MockCluster

ROOT = Path(__file__).parents[3]


def commands(page: str) -> Iterator[tuple[str, str]]:
    """Commands, and what they print; `...` stands for anything."""
    text = (ROOT / "docs" / page).read_text()
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = example.partition("\n")
            yield command, expected


@pytest.mark.parametrize("page", ["http.md", "ctl.md", "migrating/kfake.md"])
def test_examples(page: str, tmp_path: Path) -> None:
    if page != "ctl.md" and shutil.which("curl") is None:
        pytest.skip("no curl is installed")
    program = tmp_path / "mockbroker"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m mockbroker "$@"\n')
    program.chmod(0o755)
    found = list(commands(page))
    assert len(found) > 4
    with MockCluster(brokers=2) as kafka:
        environment = {
            **os.environ,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "CONTROL": kafka.control_url,
            "MOCKBROKER_CONTROL": kafka.control_url,
        }
        for command, expected in found:
            ended = subprocess.run(
                ["sh", "-c", command],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert (ended.returncode, ended.stderr) == (0, ""), command
            pattern = ".*".join(map(re.escape, expected.rstrip("\n").split("...")))
            said = ended.stdout.rstrip("\n")
            assert re.fullmatch(pattern, said, re.DOTALL), (command, said)
