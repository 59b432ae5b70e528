"""Our own wheel, built as it would be published."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

from compat_tests.support.toolchains import CACHE, ROOT, alone

__all__ = ["built_wheel"]


@cache
def built_wheel() -> Path:
    """The wheel of this checkout, built on first use and when a source has changed."""
    home = CACHE / "wheel" / _digest()[:16]
    with alone("wheel"):
        if not (wheels := list(home.glob("*.whl"))):
            pip = [
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ]
            subprocess.run([*pip, "--wheel-dir", home, ROOT], check=True, stdin=subprocess.DEVNULL)
            wheels = list(home.glob("*.whl"))
    (wheel,) = wheels
    return wheel


def _digest() -> str:
    """Of all that goes into the wheel."""
    digest = hashlib.sha256()
    sources = [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    for package in ("mockbroker", "protocol_specs"):
        files = (ROOT / package).rglob("*")
        sources += sorted(each for each in files if each.is_file() and "__pycache__" not in each.parts)
    for source in sources:
        digest.update(f"{source.relative_to(ROOT)} {source.stat().st_size}\n".encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()
