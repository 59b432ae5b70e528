"""Turning a core's answer, there already or yet to come, into a response."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mockbroker.core.waiting import Pending

__all__ = ["and_then", "when_all_ready", "when_ready"]


def when_ready(result: Any, pack: Callable[[Any], Any]) -> Any:
    """What `pack` makes of the result, or a Pending of it."""
    return result.then(pack) if result.__class__ is Pending else pack(result)


def when_all_ready(results: Sequence[Any], pack: Callable[[list[Any]], Any]) -> Any:
    """What `pack` makes of all the results in their order, or a Pending of it."""
    ready = list(results)
    waiting = [at for at, result in enumerate(ready) if result.__class__ is Pending]
    if not waiting:
        return pack(ready)
    whole = Pending()
    missing = len(waiting)

    def arrived(at: int, result: Any) -> None:
        nonlocal missing
        ready[at] = result
        missing -= 1
        if not missing:
            whole.settle(pack(ready))

    for at in waiting:
        ready[at].then(lambda result, at=at: arrived(at, result))
    return whole


def and_then(result: Any, go_on: Callable[[Any], Any]) -> Any:
    """As `when_ready`, where `go_on` may itself have to wait."""
    if result.__class__ is not Pending:
        return go_on(result)
    under_way = [result]
    whole = Pending(lambda: under_way[-1].abandon(), lambda: under_way[-1].hurry())

    def settled() -> None:
        answer = go_on(result.reply)
        if answer.__class__ is Pending:
            under_way.append(answer)
        when_ready(answer, whole.settle)

    result.on_settled = settled
    return whole
