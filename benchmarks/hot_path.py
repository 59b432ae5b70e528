"""What one small Produce and one small Fetch cost the broker, without sockets: parse, handle, build.

    python -m benchmarks.hot_path [--profile]

Prints microseconds of CPU for each request: the smallest of several rounds, since other work on the machine only adds.
The second figure is with the journal, as clusters run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time, time

from benchmarks import wire
from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.control.journal import Journal
from mockbroker.core.assembly import Core
from mockbroker.wire.caller import Caller

ROUNDS = 12
REQUESTS = 2000


def measure(receive: Callable[[bytearray, Caller], object], request: bytearray, caller: Caller) -> float:
    """Microseconds for each request, in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        frames = [bytearray(request) for _ in range(REQUESTS)]
        start = process_time()
        for one in frames:
            receive(one, caller)
        best = min(best, process_time() - start)
    return best / REQUESTS * 1e6


def main() -> None:
    core = Core(Settings({}), now=time(), seed=1)
    broker = Broker(core)
    caller = Caller(1, 1)
    topic_id = core.cluster.create_topic("t").id
    requests = {
        "Produce v9, 100 bytes": wire.produce("t", bytes(100), 9),
        "Produce v13, 100 bytes": wire.produce("t", bytes(100), 13, topic_id),
        "Fetch v11, 100 bytes": wire.fetch("t", 150, 11),
        "Fetch v17, 100 bytes": wire.fetch("t", 150, 17, topic_id),
        "Metadata v12, one topic": wire.metadata("t", version=12),
        "ApiVersions v3": wire.api_versions(),
    }
    if "--profile" in sys.argv:
        import cProfile

        for name, request in requests.items():
            print(name)
            with cProfile.Profile() as profile:
                measure(broker.receive, request, caller)
            profile.print_stats("tottime")
    for name, request in requests.items():
        print(f"{name:28} {measure(broker.receive, request, caller):6.1f} us", end="")
        broker.journal = Journal(broker.names)
        print(f"{measure(broker.receive, request, caller):6.1f} us")
        broker.journal = None


if __name__ == "__main__":
    main()
