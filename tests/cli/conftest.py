"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockbroker.cli import main
from tests.cli.captures import Decode


@pytest.fixture
def decode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Decode:
    """Decodes a file of this content; gives the exit code and what was printed."""

    def run(content: bytes, *options: str, name: str = "file") -> tuple[int, str]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return main(["decode", str(path), *options]), capsys.readouterr().out

    return run
