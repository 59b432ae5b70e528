"""Java's `PriorityQueue`, where its order of equals decides what clients see: it is no order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

__all__ = ["PriorityQueue"]

T = TypeVar("T")


class PriorityQueue(Generic[T]):
    """A heap that sifts as Java's does.

    Args:
        key: what is compared; the least comes first.
    """

    __slots__ = ("_items", "_key")

    def __init__(self, items: Iterable[T], key: Callable[[T], float]) -> None:
        self._items: list[T] = []
        self._key = key
        for item in items:
            self.add(item)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T) -> None:
        items, rank = self._items, self._key(item)
        at = len(items)
        items.append(item)
        while at:
            parent = (at - 1) // 2
            if rank >= self._key(items[parent]):
                break
            items[at] = items[parent]
            at = parent
        items[at] = item

    def poll(self) -> T:
        """Take out the first one.

        Raises:
            IndexError: there is none.
        """
        items = self._items
        last = items.pop()
        if not items:
            return last
        first = items[0]
        at, rank, size = 0, self._key(last), len(items)
        while at < size // 2:
            child = 2 * at + 1
            if child + 1 < size and self._key(items[child]) > self._key(items[child + 1]):
                child += 1
            if rank <= self._key(items[child]):
                break
            items[at] = items[child]
            at = child
        items[at] = last
        return first
