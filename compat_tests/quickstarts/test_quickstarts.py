"""The quick start of each language runs as it is printed, with that language's own tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compat_tests.quickstarts.pages import blocks, write_command
from compat_tests.support.golang import go_environment
from compat_tests.support.jvm import javac
from compat_tests.support.node import modules, node
from compat_tests.support.toolchains import CACHE, alone, java, kafka_jars, require

HERE = Path(__file__).parent
RUST = HERE / "rust"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with the command `mockbroker` on it."""
    return f"{write_command(tmp_path / 'bin', sys.executable)}{os.pathsep}{os.environ['PATH']}"


def run(command: list[str], folder: Path, path: str, within: float = 120, **more: str) -> str:
    """Run a program that must succeed, and give what it printed."""
    environment = {**os.environ, "PATH": path, **more}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=within
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_go(tmp_path: Path, path: str) -> None:
    require("go")
    (block,) = blocks("quickstart/go.md", "go")
    (tmp_path / "orders_test.go").write_text(block)
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE.parent / "franz_go" / name, tmp_path)
    with alone("go-quickstart"):
        shown = run(["go", "test", "-count=1", "-v", "."], tmp_path, path, 600, **go_environment())
    assert "--- PASS: TestAnOrderArrives" in shown


def test_node(tmp_path: Path, path: str) -> None:
    (block,) = blocks("quickstart/node.md", "js")
    (tmp_path / "orders.test.js").write_text(block)
    program, _ = node()
    shown = run([str(program), "--test"], tmp_path, path, NODE_PATH=str(modules(HERE.parent / "kafkajs")))
    assert "pass 1" in shown


def test_java(tmp_path: Path, path: str) -> None:
    classes = [*blocks("quickstart/java.md", "java"), *blocks("migrating/embedded-kafka.md", "java")]
    sources = [tmp_path / f"{name}.java" for name in ("MockBroker", "OrdersTest", "SharedBroker")]
    for source, block in zip(sources, classes, strict=True):
        source.write_text(block)
    class_path = f"{kafka_jars()}/*"
    javac(sources, class_path, tmp_path)
    command = [*java("256m"), "-cp", f"{class_path}:{tmp_path}", "OrdersTest"]
    assert run(command, tmp_path, path) == "customer-1: 7 apples\n"


@pytest.mark.full
def test_rust(tmp_path: Path, path: str) -> None:
    """Long the first time: librdkafka is compiled."""
    require("cargo", "gcc", "make")
    (block,) = blocks("quickstart/rust.md", "rust")
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(RUST / name, tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "orders.rs").write_text(block)
    caches = {"CARGO_HOME": str(CACHE / "cargo"), "CARGO_TARGET_DIR": str(CACHE / "rust")}
    with alone("rust-quickstart"):
        shown = run(["cargo", "test", "--locked", "--test", "orders"], tmp_path, path, 1800, **caches)
    assert "test an_order_arrives ... ok" in shown
