"""The fields that a verb takes from plain data, as JSON or a URL brings them: checked, and described.

One table serves both: `read` checks what came, `schema` says in JSON Schema what may come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mockbroker.control.problems import BadField, check_names

__all__ = ["Field", "read", "read_texts", "schema"]

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}
_NAMES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
_ARTICLES = {"object": "an object", "array": "an array"}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class Field(NamedTuple):
    """A field.

    Attributes:
        kind: names of JSON types, with "|" between where there are several.
        about: what it says, for documents.
        least: the smallest number that it may be.
        choices: the texts that it may be; none: any.
        repeats: whether a URL may give it several times, for a list.
    """

    name: str
    kind: str = "string"
    about: str = ""
    required: bool = False
    least: int | None = None
    choices: tuple[str, ...] = ()
    repeats: bool = False

    def checked(self, value: Any) -> Any:
        """The value; of a whole number that JSON has with a decimal point, the whole number.

        Raises:
            BadField: it cannot have this value.
        """
        kinds = self.kind.split("|")
        if isinstance(value, float) and "integer" in kinds and value.is_integer():
            value = int(value)
        allowed = tuple(each for kind in kinds for each in _KINDS[kind])
        is_stray_boolean = isinstance(value, bool) and "boolean" not in kinds
        if is_stray_boolean or not isinstance(value, allowed):
            words = " or ".join(_NAMES.get(kind) or _ARTICLES[kind] for kind in kinds)
            raise BadField(self.name, f"must be {words}, not {value!r}", self.choices)
        if self.choices and value not in self.choices:
            raise BadField(self.name, f"cannot be {value!r}", self.choices)
        if self.least is not None and isinstance(value, (int, float)) and not value >= self.least:
            raise BadField(self.name, f"must be at least {self.least}, not {value}")
        return value

    def from_text(self, text: str) -> Any:
        """The value that a text of a URL stands for.

        Raises:
            BadField: it stands for none.
        """
        value: Any = text
        kinds = self.kind.split("|")
        if "boolean" in kinds:
            value = _TRUTHS.get(text.lower(), text)
        elif "integer" in kinds and text.removeprefix("-").isdecimal():
            value = int(text)
        elif "number" in kinds:
            try:
                value = float(text)
            except ValueError:
                value = text
        return self.checked(value)


def read(data: Any, fields: Iterable[Field], what: str) -> dict[str, Any]:
    """Check an object; a field that is null counts as left out.

    Args:
        what: it is, for errors.

    Raises:
        BadField: it is no object, a name or a value is not right, or something is missing.
    """
    fields = list(fields)
    names = [field.name for field in fields]
    if not isinstance(data, dict):
        raise BadField("body", f"must be an object of JSON, not {data!r}", names)
    check_names(data, names, what)
    given = {name: value for name, value in data.items() if value is not None}
    for field in fields:
        if field.name in given:
            given[field.name] = field.checked(given[field.name])
        elif field.required:
            raise BadField(field.name, f"{what} needs it", field.choices)
    return given


def read_texts(texts: Mapping[str, list[str]], fields: Iterable[Field], what: str) -> dict[str, Any]:
    """Check the parameters of a URL.

    Raises:
        BadField: as `read`; or something is given twice.
    """
    known = {field.name: field for field in fields}
    check_names(texts, known, what)
    found: dict[str, Any] = {}
    for name, given in texts.items():
        field = known[name]
        values = [field.from_text(text) for text in given if text]
        if len(values) > 1 and not field.repeats:
            raise BadField(name, "is given more than once")
        if values:
            found[name] = values if field.repeats else values[0]
    for field in known.values():
        if field.required and field.name not in found:
            raise BadField(field.name, f"{what} needs it", field.choices)
    return found


def schema(field: Field) -> dict[str, Any]:
    """The field in JSON Schema."""
    kinds = field.kind.split("|")
    described: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if field.about:
        described["description"] = field.about
    if field.choices:
        described["enum"] = list(field.choices)
    if field.least is not None:
        described["minimum"] = field.least
    return described
