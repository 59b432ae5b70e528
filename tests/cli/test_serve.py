"""`mockbroker serve` as a process: the ready line, exit codes, signals."""

from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mockbroker.cli import main

READY = re.compile(r"mockbroker ready bootstrap\.servers=(\S+)(?: control=(http://\S+))?\n")


class Serve:
    """A running `mockbroker serve`."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mockbroker", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        match = READY.fullmatch(self.ready)
        assert match is not None, (self.ready, self.process.communicate())
        self.bootstrap_servers = match[1].split(",")
        self.control: str | None = match[2]

    def connect(self, number: int = 0) -> socket.socket:
        host, port = self.bootstrap_servers[number].rsplit(":", 1)
        return socket.create_connection((host.strip("[]"), int(port)), timeout=5)

    def end(self, with_signal: int = signal.SIGTERM) -> str:
        """End it cleanly, and return what it wrote to stderr."""
        self.process.send_signal(with_signal)
        out, err = self.process.communicate(timeout=10)
        assert (out, self.process.returncode) == ("", 0)
        return err


@pytest.fixture
def serve() -> Iterator[Callable[..., Serve]]:
    started: list[Serve] = []

    def start(*arguments: str) -> Serve:
        started.append(Serve(*arguments))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    return call


def request(sock: socket.socket, key: int, version: int, body: bytes = b"") -> bytes:
    frame = struct.pack(">hhih", key, version, 1, -1) + body
    sock.sendall(struct.pack(">i", len(frame)) + frame)
    (size,) = struct.unpack(">i", sock.recv(4, socket.MSG_WAITALL))
    return sock.recv(size, socket.MSG_WAITALL)


def free_ports(count: int) -> int:
    """The first of so many ports in a row, all free a moment ago."""
    for first in range(20000, 30000, 7):
        try:
            for port in range(first, first + count):
                with socket.socket() as sock:
                    sock.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


class TestReady:
    def test_ports_count_up_and_topics_exist(self, serve: Callable[..., Serve], tmp_path: Path) -> None:
        port = free_ports(3)
        ready_file = tmp_path / "ready"
        server = serve(
            *("--brokers", "3", "--port", str(port), "--topic", "first:3:1", "--topic", "second"),
            *("--racks", "a,,c", "--ready-file", str(ready_file), "--no-control"),
        )
        assert server.bootstrap_servers == [f"127.0.0.1:{port + number}" for number in range(3)]
        assert ready_file.read_text() == server.ready
        with server.connect(2) as sock:
            metadata = request(sock, 3, 1, struct.pack(">i", -1))
        assert b"first" in metadata
        assert b"second" in metadata
        assert server.end() == ""

    def test_free_ports(self, serve: Callable[..., Serve]) -> None:
        assert len(set(serve("--port", "0", "--brokers", "2").bootstrap_servers)) == 2

    def test_localhost_is_both_addresses(self, serve: Callable[..., Serve]) -> None:
        server = serve("--host", "localhost", "--port", "0")
        host, port = server.bootstrap_servers[0].split(":")
        assert host == "localhost"
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, int(port)), timeout=5).close()

    @pytest.mark.parametrize(
        ("advertise", "expected"),
        [
            ("kafka.example", r"kafka\.example:PORT0,kafka\.example:PORT1"),
            ("kafka.example:19000", r"kafka\.example:19000,kafka\.example:19001"),
            ("[::1]:5", r"\[::1\]:5,\[::1\]:6"),
            ("auto", r"127\.0\.0\.1:PORT0,127\.0\.0\.1:PORT1"),
        ],
    )
    def test_advertise(self, serve: Callable[..., Serve], advertise: str, expected: str) -> None:
        port = free_ports(2)
        server = serve("--brokers", "2", "--port", str(port), "--host", "0.0.0.0", "--advertise", advertise)
        expected = expected.replace("PORT0", str(port)).replace("PORT1", str(port + 1))
        assert re.fullmatch(expected, ",".join(server.bootstrap_servers))
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            metadata = request(sock, 3, 1, struct.pack(">i", -1))
        told = b"kafka.example" if "example" in advertise else b"::1" if "::" in advertise else b"127.0.0.1"
        assert told in metadata

    def test_auto_names_the_address_on_which_the_client_came_in(self, serve: Callable[..., Serve]) -> None:
        server = serve("--host", "0.0.0.0", "--port", "0")
        port = int(server.bootstrap_servers[0].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.77", port), timeout=5) as sock:
            assert b"127.0.0.77" in request(sock, 3, 1, struct.pack(">i", -1))


class TestConfig:
    def test_file_and_set(self, serve: Callable[..., Serve], tmp_path: Path) -> None:
        file = tmp_path / "server.properties"
        file.write_text("# ours\nnode.id=0\nnum.partitions = 7\n")
        server = serve("--port", "0", "--config", str(file), "--set", "num.partitions=2", "--topic", "t")
        with server.connect() as sock:
            metadata = request(sock, 3, 0, struct.pack(">ih", 1, 1) + b"t")
        # Correlation id, then the brokers: one, with id 0.
        assert metadata[4:12] == struct.pack(">ii", 1, 0)
        assert metadata.count(struct.pack(">iii", 1, 0, 1)) >= 1
        partitions = metadata.index(b"\0\1t") + 3
        assert struct.unpack_from(">i", metadata, partitions) == (2,)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--set", "num.partitons=2"], "did you mean num.partitions? (num.partitons=2)"),
            (
                ["--set", "num.partitions=0"],
                "Invalid value 0 for configuration num.partitions: Value must be ",
            ),
            (["--set", "num.partitions"], "KEY=VALUE"),
            (["--config", "/no/such/file"], "cannot read /no/such/file: No such file"),
            (["--brokers", "0"], "must be at least 1"),
            (["--brokers", "x"], "--brokers"),
            (["--port", "70000"], "between 0 and 65535"),
            (["--port", "65535", "--brokers", "2"], "not all between"),
            (["--racks", "a,b"], "2 racks for 1 brokers"),
            (["--topic", "a:1:1:1"], "NAME[:PARTITIONS[:REPLICATION]]"),
            (["--topic", "a:0"], "must be at least 1"),
            (["--topic", "a:1:2", "--port", "0"], "topic a: "),
            (["--topic", "a b", "--port", "0"], "topic a b: "),
            (["--advertise", ":9092"], "HOST or HOST:PORT"),
            (["-v", "-q"], "not allowed with"),
            (["--brok", "3"], "--brok"),
            (["--tls"], "--tls is not available yet"),
            (["--control", "there"], "[HOST:]PORT"),
            (["--control", "70000"], "between 0 and 65535"),
            (["--control", "9099", "--no-control"], "not allowed with"),
            (["--control=0.0.0.0:0", "--port", "0"], "so it needs --control-token"),
            (["--data-dir", "x"], "--data-dir is not available yet"),
            (["--user", "a:b"], "--user is not available yet"),
            (["--memory-limit", "0"], "argument --memory-limit: "),
        ],
    )
    def test_bad_usage(self, run: Run, arguments: list[str], said: str) -> None:
        code, out, err = run("serve", *arguments)
        assert (code, out) == (2, "")
        assert said in err
        assert "Traceback" not in err


class TestEnd:
    def test_a_taken_port_is_one_line(self, run: Run) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            code, out, err = run("serve", "--port", str(port))
        said = f"mockbroker serve: cannot listen on 127.0.0.1 port {port}: address already in use\n"
        assert (code, out, err) == (1, "", said)

    @pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
    def test_signals_end_it_at_once_even_with_a_parked_fetch(
        self, serve: Callable[..., Serve], with_signal: int
    ) -> None:
        server = serve("--port", "0", "--topic", "t:1")
        with server.connect() as sock:
            # Fetch v4: 30 seconds, at least one byte, from t/0 at 0.
            topic = struct.pack(">ih", 1, 1) + b"t" + struct.pack(">iiqi", 1, 0, 0, 1000)
            body = struct.pack(">iiiib", -1, 30_000, 1, 1000, 0) + topic
            frame = struct.pack(">hhih", 1, 4, 1, -1) + body
            sock.sendall(struct.pack(">i", len(frame)) + frame)
            sock.settimeout(0.1)
            with pytest.raises(TimeoutError):
                sock.recv(1)
            begun = time.monotonic()
            assert server.end(with_signal) == ""
            assert time.monotonic() - begun < 2

    def test_the_port_can_be_used_again_at_once(self, serve: Callable[..., Serve]) -> None:
        port = str(free_ports(1))
        for _ in range(2):
            server = serve("--port", port)
            with server.connect() as sock:
                request(sock, 18, 0)
            server.end()


class TestLog:
    def test_verbose_logs_connections_and_requests(self, serve: Callable[..., Serve]) -> None:
        server = serve("-v", "--port", "0")
        with server.connect() as sock:
            request(sock, 18, 0)
        err = server.end()
        assert "DEBUG Broker 1: connection 1 from 127.0.0.1:" in err
        assert "DEBUG Broker 1: ApiVersions v0 #1 from None on connection 1: 10 bytes, answered" in err
        assert "DEBUG Broker 1: closed connection 1: the client closed it" in err

    @pytest.mark.parametrize(("volume", "lines"), [([], 1), (["-q"], 0)])
    def test_a_bad_frame_is_one_line(
        self, serve: Callable[..., Serve], volume: list[str], lines: int
    ) -> None:
        server = serve(*volume, "--port", "0")
        with server.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert sock.recv(1) == b""
        err = server.end()
        assert err.count("\n") == lines
        assert ("Closing connection 1 from 127.0.0.1: Invalid receive" in err) is bool(lines)


def test_version(run: Run) -> None:
    code, out, err = run("version")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"mockbroker \d+\.\d+\.\d+\n", out)


def test_the_version_is_the_projects() -> None:
    import tomllib

    import mockbroker

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == mockbroker.__version__


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["version", "extra"]])
def test_bad_commands(run: Run, arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2
