"""Compare mockbroker with a real Apache Kafka, both started here, or given.

    python -m compat_tests.differential [--kafka HOST:PORT] [--mockbroker HOST:PORT] [--release R] [subject ...]

Another release than the newest is compared with brokers that are given: a Kafka of that release, and
`mockbroker serve --emulate R --set group.initial.rebalance.delay.ms=0`.

Exit code 0 when nothing differs but what docs/differences.md lists.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack, nullcontext
from pathlib import Path

from compat_tests.differential.cases import SUBJECTS, cases_of
from compat_tests.differential.peer import Peer
from compat_tests.differential.runner import compare, per_api, use_release
from compat_tests.support.brokers import Broker, mockbroker, real_kafka
from mockbroker.profiles import KAFKA_4_3

#: Whoever joins is answered, and assigned, at once: those of consumer and share groups wait with us only.
_PROPERTIES = (
    "group.initial.rebalance.delay.ms=0",
    "group.streams.initial.rebalance.delay.ms=0",
    "group.consumer.assignment.interval.ms=0",
    "group.share.assignment.interval.ms=0",
    "group.streams.assignment.interval.ms=0",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m compat_tests.differential", description=__doc__)
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a fresh Apache Kafka that runs already")
    parser.add_argument("--mockbroker", metavar="HOST:PORT", help="a fresh mockbroker that runs already")
    parser.add_argument(
        "--release", metavar="R", default=KAFKA_4_3.name, help="what both of them are: 3.9, say"
    )
    parser.add_argument("--case", help="only the case of that name")
    parser.add_argument("subjects", nargs="*", metavar="subject", default=SUBJECTS)
    arguments = parser.parse_args()
    use_release(arguments.release)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka, ours = (
            stack.enter_context(
                nullcontext(Broker(given))
                if given
                else start(scratch / name, brokers=1, properties=_PROPERTIES)
            )
            for given, start, name in (
                (arguments.kafka, real_kafka, "kafka"),
                (arguments.mockbroker, mockbroker, "mockbroker"),
            )
        )
        outcomes = []
        for subject in arguments.subjects:
            cases = [case for case in cases_of(subject) if arguments.case in (None, case.__name__)]
            outcome = compare(cases, Peer(kafka.first), Peer(ours.first))
            print(f"== {subject}", flush=True)
            for line in outcome.lines():
                print(line)
            outcomes.append(outcome)
        for line in per_api(outcomes):
            print(line)
    return 1 if any(outcome.different for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
