"""Messages: what a struct parses to and is built from, in any version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from protocol_specs.wire_types import WireError, WireType

if TYPE_CHECKING:
    from protocol_specs.schema import Schema

__all__ = ["Member", "Message", "value_of"]


class Message:
    """One attribute for each field of any version; each struct has a subclass of its own, made by its schema.

    A field `records` that was parsed has a companion `records_at`: where in its buffer the view begins, which a view
    does not tell. It is None in messages that were made.

    Attributes:
        unknown_tagged_fields: None, or {tag: bytes} as they came.
    """

    __slots__ = ("unknown_tagged_fields",)
    schema: ClassVar[Schema]
    unknown_tagged_fields: dict[int, bytes] | None

    if TYPE_CHECKING:
        # Only for the type checker: the mere presence of this method makes each attribute slower to read.
        def __getattr__(self, name: str) -> Any: ...

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message) or self.schema is not other.schema:
            return NotImplemented
        return (self.unknown_tagged_fields or None) == (other.unknown_tagged_fields or None) and all(
            _is_same(getattr(self, name), getattr(other, name)) for name in self.schema.fields
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        set_here = [name for name in self.schema.fields if hasattr(self, name)]
        if self.unknown_tagged_fields:
            set_here.append("unknown_tagged_fields")
        return f"{self.schema.name}({', '.join(f'{name}={getattr(self, name)!r}' for name in set_here)})"


def _is_same(one: Any, other: Any) -> bool:
    """Equal; an absent array, which is a tuple, is an empty list."""
    return bool(one == other or (one in ([], ()) and other in ([], ())))


class Member:
    """One field of a struct in one version.

    Attributes:
        name: the field's, as the protocol guide spells it.
        wire: its type; None where the version lacks the field.
        default: what it is where it is absent.
        tag: of a tagged field; else None.
    """

    __slots__ = ("default", "name", "tag", "wire")
    wire: WireType

    def __init__(self, name: str, wire: WireType | None, default: Any, tag: int | None) -> None:
        self.name = name
        self.wire = wire  # type: ignore[assignment]
        self.default = default
        self.tag = tag


def value_of(message: Any, member: Member, path: str) -> Any:
    """The member's value.

    Raises:
        WireError: the message has none.
    """
    try:
        return getattr(message, member.name)
    except AttributeError:
        raise WireError("the field was not given", path=f"{path} -> {member.name}") from None
