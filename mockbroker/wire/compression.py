"""The four codecs of record batches, in the framings that Kafka's clients use.

gzip is the gzip format (several members may follow one another), snappy the framing of snappy-java ("xerial")
and when read also a bare snappy block, lz4 the LZ4 frame format with independent blocks, zstd is plain.

Source: `org.apache.kafka.common.compress`. Levels: KIP-390.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

from protocol_specs.record_batch import Buffer

__all__ = ["CODECS", "CODEC_NAMES", "CodecError", "compress", "decompress"]

GZIP: Final = 1
SNAPPY: Final = 2
LZ4: Final = 3
ZSTD: Final = 4

#: Codec numbers by the names that `compression.type` uses.
CODECS: Final = {"none": 0, "uncompressed": 0, "gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}

#: The names of codecs 0 to 4.
CODEC_NAMES: Final = ("none", "gzip", "snappy", "lz4", "zstd")

_DEFAULT_LEVEL: Final = {GZIP: -1, LZ4: 9, ZSTD: 3}
_GZIP_MAGIC: Final = b"\x1f\x8b"
_AT_MOST: Final = 256 * 1024 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_XERIAL_MAGIC: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER: Final = _XERIAL_MAGIC + struct.pack(">ii", 1, 1)
_XERIAL_BLOCK: Final = 32 * 1024
_LZ4_SMALLEST_HEADER: Final = 7
_INT32: Final = struct.Struct(">i")


class CodecError(ValueError):
    """Compressed bytes that cannot be read, or a codec that does not exist."""


def compress(codec: int, data: Buffer, level: int | None = None) -> bytes:
    """Compress `data`.

    Args:
        codec: 1 gzip, 2 snappy, 3 lz4, 4 zstd.
        level: as in `compression.gzip.level` and its like; None is Kafka's default. Snappy has none.

    Raises:
        CodecError: no such codec.
    """
    try:
        compressor = _COMPRESSORS[codec]
    except KeyError:
        raise CodecError(f"there is no compression codec {codec}") from None
    return compressor(data, _DEFAULT_LEVEL.get(codec, 0) if level is None else level)


def decompress(codec: int, data: Buffer) -> bytes:
    """Decompress `data`.

    Raises:
        CodecError: no such codec; bytes that are not in its format, or end too early, or hold more than 256 MiB.
    """
    try:
        decompressor = _DECOMPRESSORS[codec]
    except KeyError:
        raise CodecError(f"there is no compression codec {codec}") from None
    try:
        return decompressor(data)
    except CodecError:
        raise
    except Exception as error:  # cramjam's errors share no base class but Exception
        raise CodecError(f"{CODEC_NAMES[codec]}: {error}") from error


def _gzip(data: Buffer, level: int) -> bytes:
    compressor = zlib.compressobj(level, wbits=_GZIP_WINDOW)
    return compressor.compress(data) + compressor.flush()


def _gunzip(data: Buffer) -> bytes:
    members = []
    rest: Buffer = data
    while True:
        member = zlib.decompressobj(_GZIP_WINDOW)
        members.append(member.decompress(rest, _AT_MOST))
        if not member.eof:
            raise CodecError(f"gzip: the data ends early, or holds more than {_AT_MOST} bytes")
        rest = member.unused_data
        if rest[:2] != _GZIP_MAGIC:  # nothing, or what Java's reader takes for the end
            return members[0] if len(members) == 1 else b"".join(members)


def _snappy(data: Buffer, level: int) -> bytes:
    import cramjam

    parts = [_XERIAL_HEADER]
    view = memoryview(data)
    for at in range(0, len(view), _XERIAL_BLOCK):
        block = bytes(cramjam.snappy.compress_raw(view[at : at + _XERIAL_BLOCK]))
        parts += (_INT32.pack(len(block)), block)
    return b"".join(parts)


def _unsnappy(data: Buffer) -> bytes:
    view = memoryview(data)
    if bytes(view[: len(_XERIAL_MAGIC)]) != _XERIAL_MAGIC:
        return _unsnappy_block(view)
    parts = []
    at = 0
    while at + 4 <= len(view):
        if bytes(view[at : at + len(_XERIAL_MAGIC)]) == _XERIAL_MAGIC:  # streams may follow one another
            at += len(_XERIAL_HEADER)
            continue
        (size,) = _INT32.unpack_from(view, at)
        at += 4
        if size < 0 or at + size > len(view):
            raise CodecError(f"snappy: a block of {size} bytes where {len(view) - at} are left")
        parts.append(_unsnappy_block(view[at : at + size]))
        at += size
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unsnappy_block(block: memoryview) -> bytes:
    import cramjam

    # The length that the block claims is what gets allocated; no three bytes can stand for more than 64.
    if cramjam.snappy.decompress_raw_len(block) > 32 * len(block):
        raise CodecError("snappy: a block that claims too many bytes")
    return bytes(cramjam.snappy.decompress_raw(block))


def _lz4(data: Buffer, level: int) -> bytes:
    import cramjam

    # The Java clients refuse frames whose blocks depend on one another.
    compressor = cramjam.lz4.Compressor(level=level, content_checksum=False, block_linked=False)
    compressor.compress(bytes(data))
    return bytes(compressor.finish())


def _unlz4(data: Buffer) -> bytes:
    import cramjam

    try:
        return bytes(cramjam.lz4.decompress(data))
    except cramjam.DecompressionError:
        view = memoryview(data)
        end = _end_of_lz4_frame(view)
        if end is None or end == len(view):
            raise
        return bytes(cramjam.lz4.decompress(view[:end]))  # Java's reader stops at the end of the first frame


def _end_of_lz4_frame(frame: memoryview) -> int | None:
    """Where the blocks' end mark stands that ends the frame; None when it is not there."""
    if len(frame) < _LZ4_SMALLEST_HEADER:
        return None
    flags = frame[4]
    at = _LZ4_SMALLEST_HEADER + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0)
    while at + 4 <= len(frame):
        size = int.from_bytes(frame[at : at + 4], "little") & 0x7FFFFFFF
        at += 4
        if not size:
            return at + (4 if flags & 0x04 else 0)
        at += size + (4 if flags & 0x10 else 0)
    return None


def _zstd(data: Buffer, level: int) -> bytes:
    import cramjam

    return bytes(cramjam.zstd.compress(data, level))


def _unzstd(data: Buffer) -> bytes:
    import cramjam

    # A few bytes can stand for gigabytes, and nothing in front says so.
    size = max(64 * 1024, 16 * len(data))
    while size <= _AT_MOST:
        out = bytearray(size)
        try:
            return bytes(memoryview(out)[: cramjam.zstd.decompress_into(data, out)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise
        size *= 16
    raise CodecError(f"zstd: the data holds more than {_AT_MOST} bytes")


_COMPRESSORS: Final[dict[int, Callable[[Any, int], bytes]]] = {
    GZIP: _gzip,
    SNAPPY: _snappy,
    LZ4: _lz4,
    ZSTD: _zstd,
}
_DECOMPRESSORS: Final[dict[int, Callable[[Any], bytes]]] = {
    GZIP: _gunzip,
    SNAPPY: _unsnappy,
    LZ4: _unlz4,
    ZSTD: _unzstd,
}
