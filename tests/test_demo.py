from __future__ import annotations

import subprocess
import sys

import pytest

from mockbroker.demo.narrator import Narrator, Unheld


def test_the_demo_holds_from_start_to_end() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "mockbroker", "demo"], capture_output=True, text=True, timeout=120, check=False
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "steps held" in demo.stdout
    assert "did not hold" not in demo.stdout


def test_a_step_that_does_not_hold_fails_the_demo_and_hides_no_other() -> None:
    narrator = Narrator()
    ran = []

    def fails(narrator: Narrator) -> None:
        narrator.check("two is three", False)

    narrator.step("first", fails)
    narrator.step("second", lambda narrator: ran.append("second"))
    assert narrator.end() == 1
    assert narrator.failed == ["first"]
    assert ran == ["second"]


def test_a_check_that_does_not_hold_says_what_was_claimed() -> None:
    Narrator().check("two is two", True)
    with pytest.raises(Unheld, match="two is three"):
        Narrator().check("two is three", False)
