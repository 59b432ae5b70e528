"""Each API in each version, with every field at its edges; a case for each API."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases import bases_of
from compat_tests.differential.bases.ground import Base, Ground
from compat_tests.differential.edges import UNKNOWN_ID, encode, variants
from compat_tests.differential.runner import Case, Run, versions
from compat_tests.differential.shares import await_share_coordinator
from mockbroker.profiles import KAFKA_4_3
from protocol_specs import APIS, api_named

__all__ = ["CASES"]


def coordinators(run: Run) -> None:
    run.await_coordinators()
    await_share_coordinator(run)
    asked = [{"partition": 0, "state_epoch": 0, "start_offset": 0}]
    topics = [{"topic_id": UNKNOWN_ID, "partitions": asked}]
    run.settled(
        lambda: isinstance(
            run.prepare("InitializeShareGroupState", 0, group_id="warm-up", topics=topics), dict
        ),
        "state of a share group",
    )


def _ask_all(ground: Ground, name: str, one: Base) -> None:
    """One request in one version, as it should be, and then odd in each way."""
    layout = api_named(name).request[ground.version]

    def ask(label: str, tree: Any) -> None:
        whole = f"{one.label}: {label}" if one.label else label
        body = encode(layout, tree)
        one.after(ground, ground.run.ask_bytes(whole, name, ground.version, body, patience=one.patience))

    valid = one.make(ground)
    ask("as it should be", valid)
    for variant in variants(layout, valid):
        if variant.label not in one.skip:
            ask(variant.label, variant.apply(one.make(ground)))


def _case_of(name: str) -> Case:
    def case(run: Run) -> None:
        for number, one in enumerate(bases_of(name)):
            for version in versions(name):
                _ask_all(Ground(run, f"{name}{number}-v{version}", version), name, one)

    case.__name__ = name
    # Odd requests make ids on one side only where the two differ, which should be said once.
    case.each_alone = True  # type: ignore[attr-defined]
    return case


# Old versions of Metadata create what they are asked for, so that nothing is unknown any more.
_NAMES = [APIS[key].name for key in sorted(APIS) if KAFKA_4_3.advertised(key) and key != 3]
CASES = [coordinators, *map(_case_of, [*_NAMES, "Metadata"])]
