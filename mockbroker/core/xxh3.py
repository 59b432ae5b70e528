"""XXH3, the 64 bit hash with seed 0: Kafka notes it of the topics that a group subscribes to.

A hash in plain Python takes some 5 us for a few bytes and 0.1 ms for each KiB; it is taken when a topic changes.
Source: the XXH3 specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["xxh3_64"]

_SECRET: Final = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_P32: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_P64: Final = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_MASK: Final = (1 << 64) - 1
_STRIPE, _STRIPES_IN_BLOCK = 64, 16
_BLOCK: Final = _STRIPE * _STRIPES_IN_BLOCK
_LANES: Final = struct.Struct("<8Q")


def xxh3_64(data: bytes) -> int:
    """The hash of `data`, as a signed 64 bit number (as Java has it)."""
    length = len(data)
    if length <= 16:
        value = _short(data, length)
    elif length <= 240:
        value = _medium(data, length)
    else:
        value = _long(data, length)
    return value - (1 << 64) if value >> 63 else value


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _secret_pair(at: int) -> int:
    return _u64(_SECRET, at) ^ _u64(_SECRET, at + 8)


def _fold(one: int, other: int) -> int:
    product = one * other
    return product & _MASK ^ product >> 64


def _mix(data: bytes, at: int, secret_at: int) -> int:
    return _fold(_u64(data, at) ^ _u64(_SECRET, secret_at), _u64(data, at + 8) ^ _u64(_SECRET, secret_at + 8))


def _avalanche(value: int) -> int:
    value &= _MASK
    value ^= value >> 37
    value = value * 0x165667919E3779F9 & _MASK
    return value ^ value >> 32


def _old_avalanche(value: int) -> int:
    value ^= value >> 33
    value = value * _P64[1] & _MASK
    value ^= value >> 29
    value = value * _P64[2] & _MASK
    return value ^ value >> 32


def _short(data: bytes, length: int) -> int:
    if length > 8:
        low = _u64(data, 0) ^ _secret_pair(24)
        high = _u64(data, length - 8) ^ _secret_pair(40)
        swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
        return _avalanche(length + swapped + high + _fold(low, high))
    if length >= 4:
        value = _u32(data, length - 4) + (_u32(data, 0) << 32) ^ _secret_pair(8)
        value ^= (value << 49 | value >> 15) & _MASK ^ (value << 24 | value >> 40) & _MASK
        value = value * 0x9FB21C651E98DF25 & _MASK
        value = (value ^ (value >> 35) + length) * 0x9FB21C651E98DF25 & _MASK
        return value ^ value >> 28
    if length:
        combined = data[0] << 16 | data[length >> 1] << 24 | data[-1] | length << 8
        return _old_avalanche(combined ^ _u32(_SECRET, 0) ^ _u32(_SECRET, 4))
    return _old_avalanche(_secret_pair(56))


def _medium(data: bytes, length: int) -> int:
    total = length * _P64[0]
    if length <= 128:
        for step in range((length - 1) // 32, -1, -1):
            total += _mix(data, 16 * step, 32 * step) + _mix(data, length - 16 * (step + 1), 32 * step + 16)
        return _avalanche(total)
    total = _avalanche(total + sum(_mix(data, 16 * step, 16 * step) for step in range(8)))
    total += sum(_mix(data, 16 * step, 16 * (step - 8) + 3) for step in range(8, length // 16))
    return _avalanche(total + _mix(data, length - 16, 136 - 17))


def _long(data: bytes, length: int) -> int:
    lanes = [_P32[2], *_P64[:4], _P32[1], _P64[4], _P32[0]]
    keys = [_LANES.unpack_from(_SECRET, 8 * stripe) for stripe in range(_STRIPES_IN_BLOCK)]
    last_key = _LANES.unpack_from(_SECRET, len(_SECRET) - _STRIPE)
    # The last stripe, be it whole or not, is taken from the end, below.
    for number, at in enumerate(range(0, length - 1 - (length - 1) % _STRIPE, _STRIPE), 1):
        _accumulate(lanes, _LANES.unpack_from(data, at), keys[(number - 1) % _STRIPES_IN_BLOCK])
        if number % _STRIPES_IN_BLOCK == 0:
            for i, key in enumerate(last_key):
                lanes[i] = (lanes[i] ^ lanes[i] >> 47 ^ key) * _P32[0] & _MASK
    end_key = _LANES.unpack_from(_SECRET, len(_SECRET) - _STRIPE - 7)
    _accumulate(lanes, _LANES.unpack_from(data, length - _STRIPE), end_key)
    total = length * _P64[0]
    for i in range(0, 8, 2):
        total += _fold(lanes[i] ^ _u64(_SECRET, 11 + 8 * i), lanes[i + 1] ^ _u64(_SECRET, 11 + 8 * i + 8))
    return _avalanche(total)


def _accumulate(lanes: list[int], stripe: tuple[int, ...], key: tuple[int, ...]) -> None:
    for i, (word, secret) in enumerate(zip(stripe, key, strict=True)):
        lanes[i ^ 1] = lanes[i ^ 1] + word & _MASK
        mixed = word ^ secret
        lanes[i] = lanes[i] + (mixed & 0xFFFFFFFF) * (mixed >> 32) & _MASK
