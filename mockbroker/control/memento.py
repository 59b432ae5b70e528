"""Remembers what a whole graph of objects holds, and puts it back into the same objects.

Nothing is copied deeply: of each object that can change, what it holds now is noted (one level), and later put back. So
everybody who refers to an object, closures and callbacks among them, refers to it afterwards too, and what is large and
never changes, as record bytes, is shared.

Rules kept here:

- Looked into are containers, functions (their cells), bound methods, partials, and objects of the simulated cluster
  (`_INSIDE`). All else is taken for unchangeable, or for somebody else's.
- Sources of randomness are noted by their state.
- The order of dicts, lists and deques is part of what they hold.
- Classes that nothing is known of are taken for unchangeable: `left_alone` has them, and a test looks.
"""

from __future__ import annotations

import random
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from operator import attrgetter
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ["Memento", "left_alone"]

#: Where the classes of the state are. The tables of configs beside the settings never change.
_INSIDE = ("mockbroker.core.", "mockbroker.config.settings", "mockbroker.handlers.", "mockbroker.profiles")

#: Puts what an object held back into it.
Restore = Callable[[Any, Any], None]
#: Gives how an object is put back, what it holds, and what is to be looked into next.
Note = Callable[[Any], tuple[Restore | None, Any, Iterable[Any]]]


def _restore_list(target: Any, held: Any) -> None:
    target[:] = held


def _restore_keyed(target: Any, held: Any) -> None:
    target.clear()
    target.update(held)


def _restore_deque(target: deque[Any], held: list[Any]) -> None:
    target.clear()
    target.extend(held)


def _restore_cell(target: CellType, held: tuple[Any, ...]) -> None:
    if held:
        target.cell_contents = held[0]


def _restore_attributes(target: Any, held: dict[str, Any]) -> None:
    target.__dict__.clear()
    target.__dict__.update(held)


def _restore_slots(target: Any, held: tuple[Iterable[str], Iterable[Any]]) -> None:
    for name, value in zip(*held, strict=True):
        object.__setattr__(target, name, value)


def _restore_random(target: random.Random, held: Any) -> None:
    target.setstate(held)


class _Slots:
    """How objects of one class hold things: by the names of their slots, or in a dict, or both."""

    def __init__(self, kind: type) -> None:
        names: list[str] = []
        for base in kind.__mro__:
            slots = base.__dict__.get("__slots__", ())
            names += [slots] if isinstance(slots, str) else slots
        self._names = tuple(name for name in names if name not in ("__weakref__", "__dict__"))
        self._has_dict = getattr(kind, "__dictoffset__", 0) != 0
        self._get: Callable[[Any], Any] | None = attrgetter(*self._names) if self._names else None

    def note(self, target: Any) -> tuple[Restore | None, Any, Iterable[Any]]:
        if self._get is None:
            attributes = dict(target.__dict__) if self._has_dict else {}
            return _restore_attributes, attributes, attributes.values()
        names = self._names
        try:
            values: tuple[Any, ...] = self._get(target) if len(names) > 1 else (self._get(target),)
        except AttributeError:  # One of them was never set.
            names = tuple(name for name in names if hasattr(target, name))
            values = tuple(getattr(target, name) for name in names)
        held = names, values
        if not self._has_dict:
            return _restore_slots, held, values
        attributes = dict(target.__dict__)
        return _restore_both, (held, attributes), (*values, *attributes.values())


class Memento:
    """What a graph of objects holds at one moment.

    Args:
        roots: where the graph begins.
        leave: objects into which nobody looks, and which are never put back.
    """

    def __init__(self, roots: Iterable[Any], *, leave: Iterable[Any] = ()) -> None:
        self._held: list[tuple[Restore, Any, Any]] = []
        # They are kept alive, lest somebody else gets their identity.
        self._left = list(leave)
        seen = {id(one) for one in self._left}
        waiting = list(roots)
        notes = _NOTES
        while waiting:
            target = waiting.pop()
            identity = id(target)
            if identity in seen:
                continue
            seen.add(identity)
            kind = target.__class__
            note = notes[kind] if kind in notes else _find_note(kind)
            if note is None:
                continue
            restore, held, inner = note(target)
            if restore is not None:
                self._held.append((restore, target, held))
            waiting += [one for one in inner if notes.get(one.__class__, note) is not None]

    def __len__(self) -> int:
        return len(self._held)

    def restore(self) -> None:
        """Put everything back. Any number of times."""
        for restore, target, held in self._held:
            restore(target, held)


def left_alone() -> list[type]:
    """The classes of which objects were met, and not noted."""
    return [kind for kind, note in _NOTES.items() if note is None]


def _restore_both(target: Any, held: tuple[Any, dict[str, Any]]) -> None:
    _restore_slots(target, held[0])
    _restore_attributes(target, held[1])


def _find_note(kind: type) -> Note | None:
    """How objects of a class are noted; None: they are not."""
    note: Note | None = None
    if issubclass(kind, tuple):
        note = _of_tuple
    elif kind.__module__.startswith(_INSIDE) and not issubclass(kind, (Enum, type)):
        note = _Slots(kind).note
    _NOTES[kind] = note
    return note


def _of_tuple(target: Iterable[Any]) -> tuple[None, None, Iterable[Any]]:
    return None, None, target


def _of_list(target: list[Any]) -> tuple[Restore, Any, Iterable[Any]]:
    held = list(target)
    return _restore_list, held, held


def _of_array(target: array[Any]) -> tuple[Restore, Any, Iterable[Any]]:
    return _restore_list, target[:], ()


def _of_set(target: set[Any]) -> tuple[Restore, Any, Iterable[Any]]:
    held = set(target)
    return _restore_keyed, held, held


def _of_deque(target: deque[Any]) -> tuple[Restore, Any, Iterable[Any]]:
    held = list(target)
    return _restore_deque, held, held


def _of_dict(target: dict[Any, Any]) -> tuple[Restore, Any, Iterable[Any]]:
    held = dict(target)
    return _restore_keyed, held, [*held.keys(), *held.values()]


def _of_defaultdict(target: defaultdict[Any, Any]) -> tuple[Restore, Any, Iterable[Any]]:
    restore, held, inner = _of_dict(target)
    return restore, held, [target.default_factory, *inner]


def _of_function(target: FunctionType) -> tuple[None, None, Iterable[Any]]:
    inner = [*(target.__closure__ or ()), *(target.__defaults__ or ())]
    return None, None, [*inner, *(target.__kwdefaults__ or {}).values()]


def _of_cell(target: CellType) -> tuple[Restore, Any, Iterable[Any]]:
    try:
        held: tuple[Any, ...] = (target.cell_contents,)
    except ValueError:  # It is empty.
        held = ()
    return _restore_cell, held, held


def _of_method(target: MethodType) -> tuple[None, None, Iterable[Any]]:
    return None, None, (target.__self__, target.__func__)


def _of_partial(target: partial[Any]) -> tuple[None, None, Iterable[Any]]:
    return None, None, (target.func, *target.args, *target.keywords.values())


def _of_random(target: random.Random) -> tuple[Restore, Any, Iterable[Any]]:
    return _restore_random, target.getstate(), ()


#: By class, how its objects are noted; None: they never change, or are somebody else's. Classes are added as they come.
_NOTES: dict[type, Note | None] = {
    **dict.fromkeys(
        (int, float, str, bytes, bool, type(None), bytearray, memoryview, complex, range, type, ModuleType)
    ),
    list: _of_list,
    array: _of_array,
    dict: _of_dict,
    OrderedDict: _of_dict,
    Counter: _of_dict,
    defaultdict: _of_defaultdict,
    set: _of_set,
    frozenset: _of_tuple,
    tuple: _of_tuple,
    deque: _of_deque,
    FunctionType: _of_function,
    CellType: _of_cell,
    MethodType: _of_method,
    partial: _of_partial,
    random.Random: _of_random,
}
