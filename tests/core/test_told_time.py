"""Long times pass in milliseconds, and what they should bring about has happened."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from mockbroker.core.transactions.states import TransactionState
from tests.core.groups.bench import GROUP, Bench
from tests.core.groups.consumer_bench import ConsumerBench
from tests.core.transactions.bench import Bench as TransactionBench

Scene = tuple[Callable[[float], object], Callable[[], bool]]


def a_session_of_45_s() -> Scene:
    bench = Bench()
    bench.stable_group(2, session_timeout_ms=45_000)
    return bench.clock.advance, lambda: bench.group().state_name == "Empty"


def a_session_of_a_consumer_group() -> Scene:
    bench = ConsumerBench()
    bench.consumer("m")
    return bench.clock.advance, lambda: not bench.consumers.members


def a_transaction_of_60_s() -> Scene:
    bench = TransactionBench()
    bench.produce(bench.producer(), b"lost")
    # The check comes every ten seconds.
    return bench.clock.advance, lambda: bench.state() is TransactionState.COMPLETE_ABORT


def offsets_of_7_days() -> Scene:
    bench = Bench()
    bench.commit()
    # The check comes every ten minutes.
    return bench.clock.advance, lambda: bench.groups.find_group(GROUP) is None


@pytest.mark.parametrize(
    ("scene", "seconds", "slack"),
    [
        (a_session_of_45_s, 45, 0.001),
        (a_session_of_a_consumer_group, 45, 0.001),
        (a_transaction_of_60_s, 60, 10),
        (offsets_of_7_days, 7 * 86_400, 600),
    ],
)
def test_it_takes_milliseconds(scene: Callable[[], Scene], seconds: float, slack: float) -> None:
    advance, has_happened = scene()
    began = time.process_time()
    advance(seconds - 0.001)
    assert not has_happened()
    advance(slack + 0.001)
    assert has_happened()
    assert time.process_time() - began < 0.25
