"""What rules about configs need of the configs in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mockbroker.config.catalog import Catalog

__all__ = ["InForce"]


class InForce(Protocol):
    """The configs in force; see `SettingsView`."""

    catalog: Catalog

    def __getitem__(self, name: str) -> Any: ...

    @property
    def properties(self) -> dict[str, str]: ...

    @property
    def topic_defaults(self) -> dict[str, Any]: ...
