"""A virtual environment for each client version, made once and kept in .cache/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from compat_tests.support.toolchains import CACHE, alone, do_without


def python_311() -> str:
    """An interpreter of Python 3.11, the last that the old clients run on; skips the test without one."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    if found is None or subprocess.run([found, "--version"], capture_output=True).returncode:
        do_without("Python 3.11 is not installed")
    return str(found)


def environment(name: str, requirements: Sequence[str], *, needs_python_311: bool) -> Path:
    """The interpreter of an environment in which the requirements, and nothing else, are installed."""
    base = python_311() if needs_python_311 else sys.executable
    directory = CACHE / "clients" / name
    python = directory / "bin" / "python"
    complete = directory / ".complete"
    wanted = "\n".join([base, *requirements])
    with alone(name):
        if complete.exists() and complete.read_text() == wanted:
            return python
        subprocess.run([base, "-m", "venv", "--clear", "--without-pip", str(directory)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check"]
        subprocess.run([*pip, "--quiet", *requirements], check=True)
        complete.write_text(wanted)
        return python
