"""A consumer process that is made to crash at a chosen moment.

    python -m mockbroker.demo.worker BOOTSTRAP_SERVERS TOPIC GROUP commit-first|process-first CRASH_AT

It takes the topic's one partition from the group's committed offset on. "Processing" a record prints its value. At the
record CRASH_AT it dies between the two things that it does with each record: "-" means never.
"""

from __future__ import annotations

import os
import sys

from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata


def main(servers: str, topic: str, group: str, order: str, crash_at: str) -> None:
    consumer = KafkaConsumer(
        bootstrap_servers=servers.split(","),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        consumer_timeout_ms=1000,
    )
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    while consumer.position(partition) < end:
        for record in next(iter(consumer.poll(timeout_ms=500, max_records=1).values()), ()):
            value = record.value.decode()

            def process(value: str = value) -> None:
                print(value, flush=True)

            def commit(offset: int = record.offset + 1) -> None:
                consumer.commit({partition: OffsetAndMetadata(offset, "", -1)})

            first, second = (commit, process) if order == "commit-first" else (process, commit)
            first()
            if value == crash_at:
                os._exit(1)
            second()
    consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
