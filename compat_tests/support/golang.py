"""Programs in Go, built in .cache/ of modules from the registry."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from compat_tests.clients.harness import ClientProcess
from compat_tests.support.brokers import Broker
from compat_tests.support.toolchains import CACHE, alone, require_go


def go_environment() -> dict[str, str]:
    """What keeps Go within .cache/."""
    go = CACHE / "go"
    return {
        "GOMODCACHE": str(go / "mod"),
        "GOCACHE": str(go / "build"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "CGO_ENABLED": "0",
    }


@cache
def built(folder: Path) -> Path:
    """The program of a folder with a go.mod; the build cache makes all but the first build quick."""
    (wanted,) = re.findall(r"^go (\S+)$", (folder / "go.mod").read_text(), re.MULTILINE)
    require_go(at_least=wanted)
    program = CACHE / "go" / "bin" / folder.name
    environment = {**os.environ, **go_environment()}
    with alone(f"go-{folder.name}"):
        subprocess.run(["go", "build", "-o", program, "."], cwd=folder, env=environment, check=True)
    return program


@dataclass(frozen=True)
class GoProgram:
    """A client library for Go; its folder's go.mod has the version."""

    module: str
    folder: Path

    def start(self, version: str, broker: Broker, directory: Path, name: str) -> ClientProcess:
        """A process with that version, connected to nothing yet."""
        assert f"{self.module} v{version}\n" in (self.folder / "go.mod").read_text()
        return ClientProcess([built(self.folder), broker.bootstrap_servers], directory, name)
