"""The examples of the pages, as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

from compat_tests.support.toolchains import ROOT

__all__ = ["blocks", "write_command"]


def blocks(page: str, language: str) -> list[str]:
    """The examples in a language, in order."""
    text = (ROOT / "docs" / page).read_text()
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"{page} has nothing in {language}"
    return found


def write_command(folder: Path, python: str) -> Path:
    """Put the command `mockbroker` of this checkout into a folder, as `pip install` would; returns the folder."""
    folder.mkdir(exist_ok=True)
    command = folder / "mockbroker"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{python}" -m mockbroker "$@"\n')
    command.chmod(0o755)
    return folder
