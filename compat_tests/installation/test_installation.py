"""`pip install` of the wheel into an empty environment, and the first test file of somebody who did so."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from compat_tests.clients.environments import environment
from compat_tests.support.wheels import built_wheel

#: Ten lines, of somebody who has read the first page of the documentation.
FIRST_TESTS = """
import pytest
from kafka import KafkaProducer

@pytest.mark.mock_kafka(brokers=3, topics={"orders": 6})
@pytest.mark.parametrize("number", range(4))
def test_an_order_is_sent(mock_kafka, number):
    producer = KafkaProducer(bootstrap_servers=mock_kafka.bootstrap_servers)
    producer.send("orders", b"%d" % number).get(timeout=10)
    producer.close()
    assert [record.value for record in mock_kafka.records("orders")] == [b"%d" % number]
""".lstrip()

#: What a fixture costs: the first pays for what is imported, so the middle of thirty counts.
TIMED = """
import pytest

@pytest.mark.parametrize("number", range(30))
def test_nothing(mock_kafka, number):
    pass
""".lstrip()

#: Has each phase's time printed; pytest itself has hundredths of a second only.
TIMER = """
def pytest_runtest_logreport(report):
    print(f"{report.when} took {report.duration * 1000:.3f}")
""".lstrip()

#: Milliseconds that a fixture may take, after the first. The goal is 20 on an idle machine; this one may be busy.
MOST_MS = 100.0


@pytest.fixture(scope="module")
def python() -> Path:
    """An environment with the wheel, its own dependencies, and what a test of the user's own needs."""
    wheel = built_wheel()
    wanted = [f"{wheel}", "pytest", "pytest-xdist", "kafka-python==3.0.12"]
    return environment(f"installation-{wheel.parent.name}", wanted, needs_python_311=False)


def _run(python: Path, folder: Path, *arguments: str) -> str:
    ours = ("PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    command = [str(python), *arguments]
    result = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_wheel_brings_what_it_needs_and_no_more(python: Path, tmp_path: Path) -> None:
    code = "import mockbroker, sys; print(mockbroker.__file__); print(len(sys.modules))"
    assert "site-packages" in _run(python, tmp_path, "-c", code)
    listed = json.loads(
        subprocess.run(
            [os.fspath(python), "-c", _INSTALLED], capture_output=True, text=True, check=True
        ).stdout
    )
    assert listed == ["construct", "cramjam", "crc32c", "h11", "trio"]


_INSTALLED = """
import json, re
from importlib.metadata import requires
names = [re.match(r"[\\w-]+", each)[0] for each in requires("mockbroker") if "extra" not in each]
print(json.dumps(sorted(names)))
"""


def test_the_command_is_there(python: Path, tmp_path: Path) -> None:
    command = subprocess.run(
        [python.parent / "mockbroker", "version"], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"mockbroker \d+\.\d+\.\d+\n", command.stdout)
    assert _run(python, tmp_path, "-m", "mockbroker", "version") == command.stdout
    assert _run(python, tmp_path, "-m", "protocol_specs", "show", "Produce", "9").startswith("Produce Req")


def test_the_first_tests_pass_on_two_workers(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_orders.py").write_text(FIRST_TESTS)
    shown = _run(python, tmp_path, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider")
    assert "4 passed" in shown


def test_a_fixture_is_ready_in_a_moment(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(TIMED)
    (tmp_path / "conftest.py").write_text(TIMER)
    shown = _run(python, tmp_path, "-m", "pytest", "-s", "-p", "no:cacheprovider")
    medians = []
    for phase in ("setup", "teardown"):
        took = sorted(float(found) for found in re.findall(rf"{phase} took ([\d.]+)", shown))
        assert len(took) == 30, shown
        medians.append(took[len(took) // 2])
        print(f"{phase} of mock_kafka: {medians[-1]:.1f} ms in the middle, {took[-1]:.0f} ms at most")
    assert sum(medians) < MOST_MS
