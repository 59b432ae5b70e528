"""The classes of the page about Testcontainers fit Testcontainers: compiled or made, not started."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from compat_tests.clients.environments import environment
from compat_tests.quickstarts.pages import blocks
from compat_tests.quickstarts.test_quickstarts import run
from compat_tests.support.golang import go_environment
from compat_tests.support.jvm import added_jars, javac
from compat_tests.support.node import modules, node
from compat_tests.support.toolchains import alone, require

FOLDER = Path(__file__).parent / "testcontainers"
PAGE = "testcontainers.md"

pytestmark = pytest.mark.full


def test_java(tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "java")
    source = tmp_path / "MockBrokerContainer.java"
    source.write_text(block)
    javac([source], f"{added_jars(FOLDER)}/*", tmp_path)


def test_go(tmp_path: Path) -> None:
    require("go")
    (block,) = blocks(PAGE, "go")
    (tmp_path / "orders_test.go").write_text(block)
    for name in ("go.mod", "go.sum"):
        shutil.copy(FOLDER / name, tmp_path)
    with alone("go-testcontainers"):
        run(["go", "test", "-run", "none", "."], tmp_path, os.environ["PATH"], 900, **go_environment())


def test_node(tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "js")
    (tmp_path / "mockbroker.js").write_text(block)
    program, _ = node()
    code = "console.log(typeof require('./mockbroker.js').mockbroker)"
    shown = run([str(program), "-e", code], tmp_path, os.environ["PATH"], NODE_PATH=str(modules(FOLDER)))
    assert shown == "function\n"


def test_python(tmp_path: Path) -> None:
    python = environment("testcontainers", ["testcontainers==4.15.0"], needs_python_311=False)
    (block,) = blocks(PAGE, "python")
    (tmp_path / "page.py").write_text(block)
    (tmp_path / "try_it.py").write_text(_MADE)
    result = subprocess.run([python, "try_it.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


#: Without an engine there is nobody to ask for a container; what it would be asked for is there.
_MADE = """
from unittest.mock import patch

with patch("testcontainers.core.container.DockerClient"):
    from page import MockBrokerContainer

    container = MockBrokerContainer(topics="orders:6")
assert container.bootstrap_servers == f"localhost:{container.port}"
assert container.ports == {"9092": container.port}, container.ports
assert container.env["MOCKBROKER_TOPICS"] == "orders:6"
assert container.env["MOCKBROKER_ADVERTISE"] == container.bootstrap_servers
"""
