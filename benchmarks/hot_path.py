"""What one small Produce and one small Fetch cost the broker, without sockets: parse, handle, build.

    python -m benchmarks.hot_path [--profile]

Prints microseconds of CPU for each request: the smallest of several rounds, since other work on the machine only adds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time, time

from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.core.assembly import Core
from mockbroker.wire.caller import Caller
from protocol_specs import APIS
from protocol_specs.headers import REQUEST_HEADER, request_header
from protocol_specs.record_batch import Record, build_batch

ROUNDS = 12
REQUESTS = 2000
PRODUCE, FETCH, METADATA, API_VERSIONS = 0, 1, 3, 18


def frame(key: int, version: int, **fields: object) -> bytearray:
    """One request frame, without its length."""
    header = REQUEST_HEADER(
        request_api_key=key, request_api_version=version, correlation_id=1, client_id="benchmark"
    )
    out = bytearray(request_header(key, version).build(header))
    return bytearray(b"".join(APIS[key].request[version].write(APIS[key].request(**fields), out)))


def produce_frame(version: int, topic_id: bytes) -> bytearray:
    topic = APIS[PRODUCE].request.topic_data
    batch = build_batch([Record(0, int(time() * 1000), b"key", bytes(100), [])])
    one = topic.partition_data(index=0, records=batch)
    return frame(
        PRODUCE,
        version,
        acks=-1,
        timeout_ms=1000,
        topic_data=[topic(name="t", topic_id=topic_id, partition_data=[one])],
    )


def fetch_frame(version: int, topic_id: bytes) -> bytearray:
    topic = APIS[FETCH].request.topics
    one = topic.partitions(partition=0, fetch_offset=0, partition_max_bytes=200)
    return frame(
        FETCH,
        version,
        max_wait_ms=500,
        min_bytes=1,
        topics=[topic(topic="t", topic_id=topic_id, partitions=[one])],
        rack_id="",
    )


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
        "Produce v9, 100 bytes": produce_frame(9, topic_id),
        "Produce v13, 100 bytes": produce_frame(13, topic_id),
        "Fetch v11, 100 bytes": fetch_frame(11, topic_id),
        "Fetch v17, 100 bytes": fetch_frame(17, topic_id),
        "Metadata v12, one topic": frame(METADATA, 12, topics=[APIS[METADATA].request.topics(name="t")]),
        "ApiVersions v3": frame(
            API_VERSIONS, 3, client_software_name="benchmark", client_software_version="1"
        ),
    }
    if "--profile" in sys.argv:
        import cProfile

        for name, request in requests.items():
            print(name)
            with cProfile.Profile() as profile:
                measure(broker.receive, request, caller)
            profile.print_stats("tottime")
    for name, request in requests.items():
        print(f"{name:28} {measure(broker.receive, request, caller):6.1f} us")


if __name__ == "__main__":
    main()
