"""A virtual environment for each client version, made once and kept in .cache/."""

from __future__ import annotations

import hashlib
import platform
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


def _identity(python: str, requirements: Sequence[str]) -> str:
    """What an environment is made of: the release of Python, by whatever name it is called, and the packages."""
    if python == sys.executable:
        release = platform.python_version()
    else:
        asked = [python, "-c", "import platform; print(platform.python_version())"]
        release = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    return "\n".join([f"Python {release}", *requirements])


def environment(name: str, requirements: Sequence[str], *, needs_python_311: bool) -> Path:
    """The interpreter of an environment in which the requirements, and nothing else, are installed.

    One that is complete is never made anew, as clients of another run may be running in it: other requirements make
    another one beside it.
    """
    base = python_311() if needs_python_311 else sys.executable
    wanted = _identity(base, requirements)
    directory = CACHE / "clients" / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    python = directory / "bin" / "python"
    complete = directory / ".complete"
    with alone(directory.name):
        if complete.exists() and python.exists():
            return python
        subprocess.run([base, "-m", "venv", "--clear", "--without-pip", str(directory)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check"]
        subprocess.run([*pip, "--quiet", *requirements], check=True)
        complete.write_text(wanted)
        return python
