"""The inspector: what is served, and how it works in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbroker import MockCluster
from tests.server.browser import Browser, chromium
from tests.server.http_client import Client, KafkaClient


@pytest.fixture(scope="module")
def module_kafka() -> Iterator[MockCluster]:
    with MockCluster(brokers=2, topics={"orders": 2}, config={"default.replication.factor": 2}) as cluster:
        yield cluster


@pytest.fixture
def kafka(module_kafka: MockCluster) -> Iterator[MockCluster]:
    yield module_kafka
    module_kafka.reset()


class TestPage:
    def test_it_is_one_page_that_loads_nothing(self, kafka: MockCluster) -> None:
        answer = Client(kafka.control_url).ask("GET", "/")
        page = answer.content.decode()
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "/*style*/" not in page
        assert "/*script*/" not in page
        assert not re.search(r"(?:src|href)=\"(?!#|data:)", page)
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_a_further_cluster_has_its_own(self, kafka: MockCluster) -> None:
        http = Client(kafka.control_url)
        path = http.post("/v1/clusters", {})["path"]
        assert b"mockbroker" in http.ask("GET", f"{path}/").content
        http.delete(path)


@pytest.fixture(scope="module")
def module_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("no Chromium is installed")
    browser = Browser(program, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def page(module_browser: Browser, kafka: MockCluster) -> Browser:
    module_browser.complaints.clear()
    module_browser.open(f"{kafka.control_url}/")
    module_browser.wait_for("document.querySelector('#live')?.textContent === 'live'")
    module_browser.wait_for("document.querySelectorAll('#fault-api option').length > 50")
    return module_browser


class TestInBrowser:
    def test_a_fault_is_added_by_hand_and_seen_to_fire(self, page: Browser, kafka: MockCluster) -> None:
        page.run("document.querySelector('#fault-api').value = 'ApiVersions'")
        page.click("#fault-client")
        for letter in "svc*":
            page.press(letter, letter)
        page.run("$('fault-effect').value = 'disconnect'; $('fault-effect').onchange()")
        page.click("#fault-add")
        page.wait_for("!!document.querySelector('[data-hits=\"0\"]')")
        (fault,) = kafka.faults()
        assert (fault.as_data()["client_id"], fault.hits) == ("svc*", 0)
        with KafkaClient(kafka.bootstrap_servers, "svc-1") as client, pytest.raises(ConnectionError):
            client.ask("ApiVersions", 0)
        page.wait_for("!!document.querySelector('[data-hits=\"1\"]')")
        assert "fault: disconnect" in page.wait_for(
            "document.querySelector('#journal tr.faulted')?.innerText"
        )
        page.click("#faults button")
        page.wait_for("!document.querySelector('[data-fault]')")
        assert kafka.faults() == []
        assert page.complaints == []

    def test_a_click_is_enough(self, page: Browser, kafka: MockCluster) -> None:
        page.click("#presets button")
        page.wait_for("!!document.querySelector('[data-fault]')")
        assert kafka.faults()[0].as_data()["at"] == "after"

    def test_records_by_keyboard_and_mouse(self, page: Browser, kafka: MockCluster) -> None:
        kafka.produce("orders", "<b>seen</b>", key="k", partition=0)
        page.wait_for("document.querySelector('#topics tbody td:last-child').textContent === '1'")
        page.run("document.querySelector('#topics tbody tr').focus()")
        page.press("Enter", "\r")
        # What a record holds is text, never markup.
        assert "<b>seen</b>" in page.wait_for("$('detail').open && $('detail-body').innerText")
        page.press("Escape")
        page.run("$('detail').close()")

    def test_the_clock_brokers_and_themes(self, page: Browser, kafka: MockCluster) -> None:
        page.run("document.activeElement.blur()")
        page.press("p", "p")
        page.wait_for("$('toggle-clock').textContent === 'Resume'")
        assert kafka.clock.is_paused
        page.click("[data-key='stop 2']")
        page.wait_for("$('brokers').innerText.includes('stopped')")
        assert kafka.partition("orders", 0).leader == 1
        ground = "getComputedStyle(document.body).backgroundColor"
        before = page.run(ground)
        page.press("t", "t")
        assert page.run(ground) != before
        page.press("t", "t")
        assert page.run(ground) == before


def test_the_parts_are_packaged() -> None:
    parts = Path(__file__).parents[3] / "mockbroker" / "server" / "http" / "inspector"
    names = {"inspector.html", "inspector.css", "api.js", "views.js", "faults.js", "inspector.js"}
    assert {each.name for each in parts.iterdir()} == names
