"""The pages of docs/ keep their word: each example runs as it is printed, with stock clients."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import CodeType

import pytest

from mockbroker.control import lint, scenarios

pytest.importorskip("confluent_kafka")
pytest.importorskip("kafka")

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

#: Pages whose first example is what the others begin with.
PAGES = ("faults.md", "clock.md", "journal.md")

#: Pages whose examples are test files.
TEST_FILES = (
    "pytest.md",
    "quickstart/python.md",
    "migrating/librdkafka-mock.md",
    "migrating/testcontainers.md",
)

#: Pages that are run by others (compat_tests/quickstarts, tests/test_semantics.py), or show pieces of the code itself.
OTHERS = ("testcontainers.md", "semantics.md", "adding-an-api.md")

# What kafka-python 3.0.12 warns of in its own code.
pytestmark = pytest.mark.filterwarnings("ignore:(read|open)_text is deprecated:DeprecationWarning")


def blocks(page: str) -> list[tuple[str, str, int]]:
    """Each example with the heading above it, and how many lines are before it."""
    text = (DOCS / page).read_text()
    return [
        (
            HEADING.findall(text, 0, block.start())[-1],
            block[1],
            text.count("\n", 0, block.start(1)),
        )
        for block in BLOCK.finditer(text)
    ]


def compiled(page: str) -> list[tuple[str, CodeType]]:
    """The examples of a page; tracebacks name its lines."""
    return [
        (heading, compile("\n" * lines + text, str(DOCS / page), "exec"))
        for heading, text, lines in blocks(page)
    ]


def examples() -> list[object]:
    found: list[object] = []
    for page in PAGES:
        (_, beginning), *others = compiled(page)
        found += [pytest.param(beginning, code, id=f"{page}: {heading}") for heading, code in others]
    return found


@pytest.mark.parametrize(("beginning", "code"), examples())
def test_the_example_does_what_the_page_says(beginning: CodeType, code: CodeType) -> None:
    namespace: dict[str, object] = {}
    exec(beginning, namespace)
    exec(code, namespace)


@pytest.mark.parametrize("page", TEST_FILES)
def test_the_test_files_of_the_page(page: str, tmp_path: Path) -> None:
    for number, (_, text, _) in enumerate(blocks(page)):
        (tmp_path / f"test_{number}.py").write_text(text)
    _pass(tmp_path)


def test_the_first_test_of_the_readme(tmp_path: Path) -> None:
    (_, text, _), *_ = blocks("../README.md")
    (tmp_path / "test_orders.py").write_text(text)
    _pass(tmp_path)


def _pass(folder: Path) -> None:
    """Run the test files of a folder, all of which must pass."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "mockbroker.pytest_plugin",
        # Not this project's own settings, should the temporary folder be inside the checkout.
        "-c",
        os.devnull,
        f"--rootdir={folder}",
        "-q",
        "--import-mode=importlib",
    ]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout
    assert " passed" in result.stdout


@pytest.mark.parametrize(
    ("page", "name", "table"),
    [("faults.md", "scenarios", scenarios.as_table()), ("journal.md", "rules", lint.as_table())],
)
def test_tables_are_those_of_the_code(page: str, name: str, table: str) -> None:
    """`python -m mockbroker.control.scenarios` (or `.lint`) prints them."""
    found = re.search(rf"<!-- {name}: [^\n]*-->\n(.*?)<!-- end -->", (DOCS / page).read_text(), re.DOTALL)
    assert found is not None
    assert found[1] == table


def test_every_example_in_python_is_run() -> None:
    run_elsewhere = {*PAGES, *TEST_FILES, *OTHERS}
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if BLOCK.search(page.read_text())}
    assert pages - run_elsewhere == set()


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text()
    linked = set(re.findall(r"\]\(([\w./-]+\.md)", index))
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"}
    assert pages - linked == set()


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        text = page.read_text()
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
            path, _, heading = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), f"{page.name}: {target}"
            if heading:
                headings = {_anchor(each) for each in HEADING.findall(file.read_text())}
                assert heading in headings, f"{page.name}: {target}"


def _anchor(heading: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
