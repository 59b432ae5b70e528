"""The few rules that the tests' own machinery keeps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from compat_tests.clients import environments
from compat_tests.report import document
from compat_tests.support import toolchains
from compat_tests.support.expect import difference


def test_spacing_is_the_tools_own_affair() -> None:
    assert difference("GROUP  STATE\n\n  a   Empty", ["GROUP STATE", "a Empty"]) == ""


def test_placeholders_stand_for_what_they_name() -> None:
    assert difference("CreateTime:<ts> offset <n>", ["CreateTime:1795501231969 offset 7"]) == ""
    assert difference("CreateTime:<ts> offset <n>", ["CreateTime:179550123 offset 7"]) != ""


def test_a_line_too_many_and_a_line_missing_are_told() -> None:
    assert difference("one\ntwo", ["one", "two", "three"]) == "  one\n  two\n+ three"
    assert difference("one\ntwo", ["one"], any_order=True) == "- two"
    assert difference("one\ntwo", ["two", "one"], any_order=True) == ""
    assert difference("one\ntwo", ["two", "one"]) != ""


def test_the_document_has_a_column_for_each_version() -> None:
    text = document(
        {
            "some_client": {"2.10": {"read": "passed"}, "2.9": {"read": "failed", "write": "passed"}},
            "kafka_cli": {"4.3.1": {"kafka-topics": "skipped"}},
            "kafka_connect": {"4.3.1": {"file to file": "passed"}},
        }
    )
    assert "|  | some-client 2.9 | some-client 2.10 |" in text
    assert "| read | **no** | yes |" in text
    assert "| write | yes | - |" in text
    assert "| `kafka-topics` | not run |" in text
    assert "| Kafka Connect 4.3.1 | file to file | yes |" in text


@pytest.mark.parametrize(
    ("version", "is_old"),
    [
        ("go1.25.9", True),
        ("go1.9", True),
        ("go1.26.0", False),
        ("go1.26.8 X:nodwarf5", False),
        ("devel +f1", False),
    ],
)
def test_a_go_that_is_too_old_is_done_without(
    monkeypatch: pytest.MonkeyPatch, version: str, is_old: bool
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("shutil.which", lambda program: f"/bin/{program}")
    answer = subprocess.CompletedProcess([], 0, stdout=f"{version}\n")
    monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: answer)
    if is_old:
        with pytest.raises(pytest.skip.Exception, match=rf"Go 1\.26\.0 or newer .* {version}"):
            toolchains.require_go("1.26.0")
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match="nothing is skipped"):
            toolchains.require_go("1.26.0")
    else:
        toolchains.require_go("1.26.0")


def test_an_environment_that_is_in_use_is_never_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Path] = []

    def run(command: list[str], check: bool) -> None:
        if "venv" in command:
            made.append(Path(command[-1]))
            (made[-1] / "bin").mkdir(parents=True)
            (made[-1] / "bin" / "python").touch()

    monkeypatch.setattr(environments, "CACHE", tmp_path)
    monkeypatch.setattr(toolchains, "CACHE", tmp_path)
    monkeypatch.setattr("subprocess.run", run)
    first = environments.environment("client", ["client==1"], needs_python_311=False)
    # The same interpreter has several names in one environment: python, python3, python3.11.
    monkeypatch.setattr(sys, "executable", f"{sys.executable}-by-another-name")
    assert environments.environment("client", ["client==1"], needs_python_311=False) == first
    other = environments.environment("client", ["client==1", "codec"], needs_python_311=False)
    assert other != first
    assert [path / "bin" / "python" for path in made] == [first, other]
