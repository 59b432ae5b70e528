"""The root file system that docker/Dockerfile describes, and a way into it.

Its instructions are followed with what a machine without a container engine has: `pip install` goes into a folder, and
the base image is this machine's own Python and libraries, mounted where they are. Inside, nothing can be written, and
whoever runs there is user 10001.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from compat_tests.support.toolchains import ROOT, do_without
from compat_tests.support.wheels import built_wheel

__all__ = ["DOCKERFILE", "RootFileSystem", "instruction"]

DOCKERFILE = ROOT / "docker" / "Dockerfile"

#: Of the machine, where they are: programs and libraries.
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64")
_USER = 10001
_INSTALLED = "opt/mockbroker"

#: Mounts what stands in for the base image, and goes in. A user namespace makes the caller root of nothing but that.
_ENTER = """
set -eu
root=$1; shift
mount --bind "$root" "$root"
cd "$root"
for place in $MOUNTED; do mount --rbind "/$place" "./$place"; done
mount -o remount,bind,ro "$root"
cd "$root"
exec $ENTER "$@"
"""


def instruction(name: str) -> str:
    """What the last instruction of this name says in the Dockerfile."""
    lines = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
    found = [line.partition(" ")[2].strip() for line in lines if line.startswith(f"{name} ")]
    return found[-1]


class RootFileSystem:
    """What the image has, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mounted: list[str] = []
        self._lay_out()
        self._install()

    def command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """The command line that runs a command inside, as the image's user and with nothing else in its environment."""
        prefix = sys.base_prefix.rstrip("/")
        python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        inside = {
            "PATH": f"/{_INSTALLED}/bin:{prefix}/bin:/usr/local/bin:/usr/bin:/bin",
            # The image has it in Python's own site-packages.
            "PYTHONPATH": f"/{_INSTALLED}/lib/{python}/site-packages",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        }
        pairs = [f"{name}={value}" for name, value in inside.items()]
        is_root = os.geteuid() == 0
        as_user = f"--userspec={_USER}:{_USER}"
        enter = (
            f"chroot {as_user} ."
            if is_root
            else f"unshare --user --map-user={_USER} --map-group={_USER} --root=. --wd=/"
        )
        namespaces = ["--mount"] if is_root else ["--user", "--map-root-user", "--mount"]
        return [
            *("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
            *(f"MOUNTED={' '.join(self._mounted)}", f"ENTER={enter}"),
            *("unshare", *namespaces, "sh", "-c", _ENTER, "enter", str(self.folder)),
            *("/usr/bin/env", "-i", *pairs, *arguments),
        ]

    def entrypoint(self, *arguments: str, **environment: str) -> list[str]:
        """The command line of `docker run IMAGE arguments`."""
        return self.command([*json.loads(instruction("ENTRYPOINT")), *arguments], environment)

    def check(self) -> None:
        """Skips the test where this machine lets nobody in."""
        if shutil.which("unshare") is None:
            do_without("not installed: unshare")
        tried = subprocess.run(self.command(["true"], {}), capture_output=True, text=True)
        if tried.returncode:
            do_without(f"this machine gives no namespaces of mounts and users: {tried.stderr.strip()}")

    def _lay_out(self) -> None:
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        for name in _SYSTEM:
            there = Path("/", name)
            if there.is_symlink():
                (self.folder / name).symlink_to(there.readlink())
            elif there.is_dir():
                self._mount_point(name)
        if not sys.base_prefix.startswith("/usr"):
            self._mount_point(sys.base_prefix.strip("/"))
        for name in ("dev", "proc"):
            self._mount_point(name)
        (self.folder / "etc").mkdir()
        (self.folder / "etc" / "passwd").write_text(f"mockbroker:x:{_USER}:{_USER}::/nonexistent:/bin/sh\n")
        # Where libraries are found, as any base image has it.
        shutil.copy("/etc/ld.so.cache", self.folder / "etc")
        (self.folder / "tmp").mkdir()

    def _mount_point(self, name: str) -> None:
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._mounted.append(name)

    def _install(self) -> None:
        """As the Dockerfile's RUN and COPY do, from the wheel that its `pip install .` would make first."""
        python = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
        home = self.folder / _INSTALLED
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        more = ["--disable-pip-version-check", "--ignore-installed", "--prefix", str(home)]
        subprocess.run([*pip, *more, str(built_wheel())], check=True, stdin=subprocess.DEVNULL)
        entrypoint = home / "bin" / "mockbroker-entrypoint"
        shutil.copy(ROOT / "docker" / "entrypoint", entrypoint)
        entrypoint.chmod(0o755)
