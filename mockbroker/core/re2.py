"""Regular expressions as RE2 reads them, which is how Kafka reads those that clients send (KIP-848, KIP-1152).

Rules kept here (RE2/J, `com.google.re2j`):

- No look-around and no back-references; what RE2 refuses is refused with its text. Repeat counts go up to 1000.
- \\d, \\w, \\s, \\b and [[:alpha:]] and the like know ASCII only; `$` is the end of the text, not also before a last
  newline; `{,2}` is no repetition.
- \\p{...} knows the general categories; scripts are not known, as RE2 says of any other unknown name.

Only whole matches are asked for, so it makes no difference whether a repetition is greedy: it is written as it comes
to Python's `re`, which takes time where RE2 takes none on patterns made to be slow.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["Re2Error", "compile_re2"]

_Ranges = list[tuple[int, int]]

_MAX_REPEAT: Final = 1000
_LAST: Final = sys.maxunicode
_REPEAT: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}", re.ASCII)
_NAME: Final = re.compile(r"\w+\Z", re.ASCII)
_OCTAL: Final = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEX: Final = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})")
_CONTROLS: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_CATEGORY: Final = re.compile(r"[pP](?:\{(\^?)([^}]*)\}|(.))", re.DOTALL)

_DIGIT: Final = [(0x30, 0x39)]
_UPPER: Final = [(0x41, 0x5A)]
_LOWER: Final = [(0x61, 0x7A)]
_WORD: Final = [*_DIGIT, *_UPPER, (0x5F, 0x5F), *_LOWER]
_PUNCT: Final = [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)]
_PERL: Final[dict[str, _Ranges]] = {
    "d": _DIGIT,
    "s": [(9, 10), (12, 13), (32, 32)],
    "w": _WORD,
}
_POSIX: Final[dict[str, _Ranges]] = {
    "alnum": [*_DIGIT, *_UPPER, *_LOWER],
    "alpha": [*_UPPER, *_LOWER],
    "ascii": [(0, 0x7F)],
    "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 0x1F), (0x7F, 0x7F)],
    "digit": _DIGIT,
    "graph": [(0x21, 0x7E)],
    "lower": _LOWER,
    "print": [(0x20, 0x7E)],
    "punct": _PUNCT,
    "space": [(9, 13), (32, 32)],
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": [*_DIGIT, (0x41, 0x46), (0x61, 0x66)],
}

_BAD_ESCAPE: Final = "invalid escape sequence"
_BAD_RANGE: Final = "invalid character class range"
_BAD_PERL: Final = "invalid or unsupported Perl syntax"
_BAD_NAME: Final = "invalid named capture"
_BAD_REPEAT: Final = "invalid nested repetition operator"
_NOTHING_TO_REPEAT: Final = "missing argument to repetition operator"
_TRAILING_BACKSLASH: Final = "trailing backslash at end of expression"


class Re2Error(ValueError):
    """Not a regular expression of RE2 (`PatternSyntaxException`).

    Attributes:
        description: what is wrong, without the place.
    """

    def __init__(self, description: str, place: str = "") -> None:
        self.description = description
        where = f": `{place}`" if place else ""
        super().__init__(f"error parsing regexp: {description}{where}")


@lru_cache(maxsize=256)
def compile_re2(pattern: str) -> re.Pattern[str]:
    """The pattern for Python's `re`, to be used with `fullmatch` only.

    Raises:
        Re2Error: with RE2's text.
    """
    return re.compile(_Translation(pattern).run())


class _Flags(NamedTuple):
    """`i` ignore case, `m` lines, `s` dot matches newlines; `U` makes no difference here."""

    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


class _Group:
    """A group that is open: the atoms of its present alternative, and the flags outside."""

    __slots__ = ("alternatives", "atoms", "flags")

    def __init__(self, flags: _Flags) -> None:
        self.flags = flags
        self.alternatives: list[str] = []
        self.atoms: list[str] = []

    def close(self) -> str:
        return "(?:" + "|".join([*self.alternatives, "".join(self.atoms)]) + ")"


class _Translation:
    """One pattern on its way."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._flags = _Flags()
        self._groups = [_Group(self._flags)]
        self._names: set[str] = set()
        #: where the repetition began that ends just here; -1 if there is none.
        self._repeated_at = -1

    def run(self) -> str:
        text = self._text
        while self._at < len(text):
            repeated_at, self._repeated_at = self._repeated_at, -1
            char = text[self._at]
            if char in "*+?" or (char == "{" and _REPEAT.match(text, self._at)):
                self._repeat(repeated_at)
            elif char in self._SIMPLE:
                self._at += 1
                self._SIMPLE[char](self)
            elif char == "(":
                self._open()
            elif char == "[":
                self._put_class(*self._class())
            elif char == "\\":
                self._escape()
            else:
                self._at += 1
                self._put_literal(ord(char))
        if len(self._groups) > 1:
            raise Re2Error("missing closing )", text)
        return self._groups[0].close()

    # Writing atoms.

    def _put(self, atom: str) -> None:
        self._groups[-1].atoms.append(atom)

    def _put_literal(self, code: int) -> None:
        char = re.escape(chr(code))
        self._put(f"(?i:{char})" if self._flags.i else char)

    def _put_class(self, ranges: _Ranges, is_negated: bool) -> None:
        body = "".join(f"{_in_class(low)}-{_in_class(high)}" for low, high in ranges)
        if not body:
            self._put(r"[\s\S]" if is_negated else r"[^\s\S]")
            return
        atom = f"[{'^' if is_negated else ''}{body}]"
        self._put(f"(?i:{atom})" if self._flags.i else atom)

    def _begin(self) -> None:
        self._put("(?m:^)" if self._flags.m else r"\A")

    def _end(self) -> None:
        self._put("(?m:$)" if self._flags.m else r"\Z")

    def _dot(self) -> None:
        self._put("(?s:.)" if self._flags.s else r"[^\n]")

    def _alternate(self) -> None:
        group = self._groups[-1]
        group.alternatives.append("".join(group.atoms))
        group.atoms = []

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise Re2Error("regexp/syntax: internal error", "stack underflow")
        group = self._groups.pop()
        self._flags = group.flags
        self._put(group.close())

    _SIMPLE: Final = {"^": _begin, "$": _end, ".": _dot, "|": _alternate, ")": _close}

    # Repetition.

    def _repeat(self, repeated_at: int) -> None:
        text, start = self._text, self._at
        counted = _REPEAT.match(text, start)
        operator = text[start] if counted is None else counted.group()
        self._at += len(operator)
        if counted is not None:
            low, comma, high = counted.groups()
            most = int(high or low)
            if int(low) > _MAX_REPEAT or most > _MAX_REPEAT or int(low) > most:
                raise Re2Error("invalid repeat count", operator)
            if not comma:
                operator = f"{{{low}}}"
        if text.startswith("?", self._at):
            self._at += 1
        if repeated_at >= 0:
            raise Re2Error(_BAD_REPEAT, text[repeated_at : self._at])
        atoms = self._groups[-1].atoms
        if not atoms:
            raise Re2Error(_NOTHING_TO_REPEAT, text[start : self._at])
        atoms[-1] = f"(?:{atoms[-1]}){operator}"
        self._repeated_at = start

    # Groups.

    def _open(self) -> None:
        text, start = self._text, self._at
        if not text.startswith("(?", start):
            self._at += 1
            self._groups.append(_Group(self._flags))
        elif text.startswith(("(?P<", "(?<"), start):
            self._open_named(text.index("<", start) + 1)
        else:
            self._read_flags()

    def _open_named(self, name_at: int) -> None:
        text, end = self._text, self._text.find(">", name_at)
        if end < 0:
            raise Re2Error(_BAD_NAME, text[self._at :])
        name = text[name_at:end]
        if _NAME.match(name) is None:
            raise Re2Error(_BAD_NAME, text[self._at : end + 1])
        if name in self._names:
            raise Re2Error("duplicate capture group name", name)
        self._names.add(name)
        self._at = end + 1
        self._groups.append(_Group(self._flags))

    def _read_flags(self) -> None:
        text, at = self._text, self._at + 2
        flags, outside = self._flags, self._flags
        is_on, has_flag = True, False
        while at < len(text):
            char = text[at]
            at += 1
            if char in _Flags._fields:
                flags = flags._replace(**{char: is_on})
                has_flag = True
            elif char == "-" and is_on:
                is_on, has_flag = False, False
            elif char in ":)" and (is_on or has_flag):
                self._at, self._flags = at, flags
                if char == ":":
                    self._groups.append(_Group(outside))
                return
            else:
                break
        raise Re2Error(_BAD_PERL, text[self._at : at])

    # Escapes.

    def _escape(self) -> None:
        text, at = self._text, self._at + 1
        char = text[at : at + 1]
        if char == "Q":
            end = text.find("\\E", at)
            quoted = text[at + 1 :] if end < 0 else text[at + 1 : end]
            self._at = len(text) if end < 0 else end + 2
            for one in quoted:
                self._put_literal(ord(one))
        elif char in _ASSERTIONS:
            self._at += 2
            self._put(_ASSERTIONS[char])
        elif (ranges := self._shared_class()) is not None:
            self._put_class(*ranges)
        else:
            self._put_literal(self._escaped_char())

    def _shared_class(self) -> tuple[_Ranges, bool] | None:
        """A class that an escape means, inside brackets as outside."""
        text, at = self._text, self._at + 1
        char = text[at : at + 1]
        if char and char.lower() in _PERL:
            self._at += 2
            return _PERL[char.lower()], char.isupper()
        if char not in ("p", "P"):
            return None
        match = _CATEGORY.match(text, at)
        if match is None:
            raise Re2Error(_BAD_RANGE, text[self._at :])
        caret, braced, single = match.groups()
        ranges = _category(single if braced is None else braced)
        if ranges is None:
            raise Re2Error(_BAD_RANGE, "\\" + match.group())
        self._at = match.end()
        return ranges, (char == "P") != bool(caret)

    def _escaped_char(self) -> int:
        text, at = self._text, self._at + 1
        if at >= len(text):
            raise Re2Error(_TRAILING_BACKSLASH)
        char = text[at]
        if (octal := _OCTAL.match(text, at)) is not None:
            self._at = octal.end()
            return int(octal.group(), 8)
        if char == "x":
            return self._hex(at)
        self._at += 2
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isascii() and char.isalnum():
            raise Re2Error(_BAD_ESCAPE, "\\" + char)
        return ord(char)

    def _hex(self, at: int) -> int:
        text, match = self._text, _HEX.match(self._text, at)
        if match is None:
            end = text.find("}", at) + 1 if text.startswith("x{", at) else at + 3
            raise Re2Error(_BAD_ESCAPE, text[self._at : end or len(text)])
        code = int(match[1] or match[2], 16)
        if code > _LAST:
            raise Re2Error(_BAD_ESCAPE, text[self._at : match.end() - 1])
        self._at = match.end()
        return code

    # Classes in brackets.

    def _class(self) -> tuple[_Ranges, bool]:
        text, start = self._text, self._at
        self._at += 1
        is_negated = text.startswith("^", self._at)
        self._at += is_negated
        ranges: _Ranges = []
        is_first = True
        while is_first or not text.startswith("]", self._at):
            is_first = False
            if self._at >= len(text):
                raise Re2Error("missing closing ]", text[start:])
            end = text.find(":]", self._at + 2) if text.startswith("[:", self._at) else -1
            if end >= 0:
                ranges += self._posix(end)
            elif text[self._at] == "\\" and (shared := self._shared_class()) is not None:
                ranges += _complement(shared[0]) if shared[1] else shared[0]
            else:
                ranges.append(self._range(start))
        self._at += 1
        return ranges, is_negated

    def _posix(self, end: int) -> _Ranges:
        name = self._text[self._at + 2 : end]
        ranges = _POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise Re2Error(_BAD_RANGE, self._text[self._at : end + 2])
        self._at = end + 2
        return _complement(ranges) if name.startswith("^") else ranges

    def _range(self, class_start: int) -> tuple[int, int]:
        text, start = self._text, self._at
        low = high = self._class_char(class_start)
        if text.startswith("-", self._at) and not text.startswith("-]", self._at):
            self._at += 1
            high = self._class_char(class_start)
            if high < low:
                raise Re2Error(_BAD_RANGE, text[start : self._at])
        return low, high

    def _class_char(self, class_start: int) -> int:
        text = self._text
        if self._at >= len(text):
            raise Re2Error("missing closing ]", text[class_start:])
        if text[self._at] == "\\":
            return self._escaped_char()
        self._at += 1
        return ord(text[self._at - 1])


_ASSERTIONS: Final = {"A": r"\A", "z": r"\Z", "b": r"(?a:\b)", "B": r"(?a:\B)"}


def _in_class(code: int) -> str:
    return f"\\U{code:08x}"


def _complement(ranges: _Ranges) -> _Ranges:
    result = []
    begin = 0
    for low, high in sorted(ranges):
        if low > begin:
            result.append((begin, low - 1))
        begin = max(begin, high + 1)
    if begin <= _LAST:
        result.append((begin, _LAST))
    return result


@lru_cache(maxsize=64)
def _category(name: str) -> _Ranges | None:
    """The characters of a general category, or of all that begin with its letter; None if there is none."""
    if name == "Any":
        return [(0, _LAST)]
    if not 1 <= len(name) <= 2:
        return None
    from unicodedata import category

    ranges: _Ranges = []
    for code in range(_LAST + 1):
        if category(chr(code)).startswith(name):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    return ranges or None
