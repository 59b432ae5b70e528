"""What happens in a cluster as server-sent events: the journal as it grows, the state when it has changed.

Rules kept here:

- Nobody polls: a stream looks when the core says that something may have changed, and then not again for a moment.
- A comment now and then tells a client, and whoever is between, that the stream lives.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import trio

from mockbroker.control import overview
from mockbroker.control.follow import Follower
from mockbroker.server.http.json_text import event_line, exchange_data, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockbroker.control.query import Query
    from mockbroker.server.http.sites import Site

__all__ = ["journal_stream", "state_of", "state_stream"]

#: Seconds between two looks, at least.
_JOURNAL_PACE = 0.05
_STATE_PACE = 0.25

#: Seconds without anything to tell.
_QUIET = 10.0

_ALIVE = b": alive\n\n"


class _Changes:
    """Tells a task that something may have changed."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def note(self) -> None:
        self._event.set()

    async def next(self) -> bool:
        """Wait for a change. False: nothing happened for a while."""
        with trio.move_on_after(_QUIET):
            await self._event.wait()
        had_one = self._event.is_set()
        self._event = trio.Event()
        return had_one


@contextmanager
def _changes(site: Site) -> Iterator[_Changes]:
    changes = _Changes()
    watchers = site.control.watchers
    note = changes.note
    watchers.append(note)
    try:
        yield changes
    finally:
        watchers.remove(note)


async def journal_stream(site: Site, wanted: Query) -> AsyncIterator[bytes]:
    """Events "exchange", each with its number as id."""
    follower = Follower(site.control.journal, wanted)
    with _changes(site) as changes:
        yield _ALIVE
        while True:
            for exchange in site.look(follower.fresh):
                yield event_line("exchange", exchange_data(exchange), exchange.number)
            if await changes.next():
                await trio.sleep(_JOURNAL_PACE)
            else:
                yield _ALIVE


async def state_stream(site: Site) -> AsyncIterator[bytes]:
    """Events "state": the first at once."""
    last: Any = None
    with _changes(site) as changes:
        while True:
            state = site.look(lambda: state_of(site))
            # That time goes on is no news.
            compared = {**state, "clock": state["clock"]["is_paused"] and state["clock"]}
            if compared != last:
                last = compared
                yield event_line("state", state)
            if await changes.next():
                await trio.sleep(_STATE_PACE)
            else:
                last = None


def state_of(site: Site) -> dict[str, Any]:
    """All that the inspector shows at a look."""
    from mockbroker.server.http.fault_verbs import fault_data
    from mockbroker.server.http.topic_verbs import group_data

    core, control = site.core, site.control
    return {
        "cluster_id": core.cluster.cluster_id,
        "bootstrap_servers": site.served.bootstrap_servers,
        "brokers": plain(overview.brokers(core, control)),
        "topics": plain(overview.topics(core, control)),
        "groups": [group_data(site, group) for group in control.inspection.groups()],
        "faults": [fault_data(fault) for fault in control.faults],
        "clock": {"now": core.clock.now, "is_paused": site.served.server.timekeeper.is_paused},
        "journal": {"total": control.journal.total, "dropped": control.journal.dropped},
    }
