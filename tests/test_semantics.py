"""docs/semantics.md keeps its word: each example runs as it is printed, with stock clients."""

from __future__ import annotations

import re
from pathlib import Path
from types import CodeType

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "semantics.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks() -> list[tuple[str, CodeType]]:
    """Each block of code with the heading above it; tracebacks name the lines of the page."""
    text = PAGE.read_text()
    found = []
    for block in BLOCK.finditer(text):
        lines_before = text.count("\n", 0, block.start(1))
        heading = HEADING.findall(text, 0, block.start())[-1]
        found.append((heading, compile("\n" * lines_before + block[1], str(PAGE), "exec")))
    return found


(_, BEGINNING), *EXAMPLES = blocks()

# What kafka-python 3.0.12 warns of in its own code.
pytestmark = pytest.mark.filterwarnings("ignore:(read|open)_text is deprecated:DeprecationWarning")


@pytest.mark.parametrize("code", [pytest.param(code, id=heading) for heading, code in EXAMPLES])
def test_the_example_does_what_the_page_says(code: CodeType) -> None:
    namespace: dict[str, object] = {}
    exec(BEGINNING, namespace)
    exec(code, namespace)
