"""docs/configs.md says what the tables say."""

from __future__ import annotations

from pathlib import Path

from mockbroker.config import BROKER, CLIENT_METRICS, GROUP, TOPIC
from mockbroker.config.reference import reference

COMMITTED = Path(__file__).parent.parent.parent / "docs" / "configs.md"


def test_the_committed_file_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == reference(), (
        "run: python -m mockbroker.config.reference > docs/configs.md"
    )


def test_every_config_has_its_line() -> None:
    text = reference()
    names = [*BROKER.described, *TOPIC.described, *GROUP.described, *CLIENT_METRICS.described]
    assert [name for name in names if f"| `{name}` |" not in text] == []
