from __future__ import annotations

import gzip
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbroker.wire.compression import CODEC_NAMES, CODECS, CodecError, compress, decompress

ALL = [1, 2, 3, 4]
BIG = bytes(range(256)) * 1_000


@given(st.sampled_from(ALL), st.binary(max_size=300))
def test_round_trip(codec: int, data: bytes) -> None:
    assert decompress(codec, compress(codec, data)) == data
    assert decompress(codec, memoryview(compress(codec, memoryview(data)))) == data


@pytest.mark.parametrize("codec", ALL)
def test_big_data_gets_smaller(codec: int) -> None:
    packed = compress(codec, BIG)
    assert len(packed) < len(BIG) / 10
    assert decompress(codec, packed) == BIG


@pytest.mark.parametrize(("codec", "levels"), [(1, (1, 9)), (3, (1, 17)), (4, (-7, 1, 22))])
def test_levels(codec: int, levels: tuple[int, ...]) -> None:
    for level in levels:
        assert decompress(codec, compress(codec, BIG, level)) == BIG


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("data", [b"garbage in here", b"\x82SNAPPY\0\0\0\0\1\0\0\0\1\0\0\0\5abc", b""])
def test_garbage_is_a_codec_error(codec: int, data: bytes) -> None:
    if codec == 4 and not data:
        pytest.skip("nothing at all is a valid zstd stream of nothing")
    with pytest.raises(CodecError, match=CODEC_NAMES[codec]):
        decompress(codec, data)


@pytest.mark.parametrize("codec", ALL)
def test_data_that_ends_early_is_a_codec_error(codec: int) -> None:
    packed = compress(codec, BIG)
    with pytest.raises(CodecError):
        decompress(codec, packed[:-10])


def test_codecs_that_do_not_exist() -> None:
    for codec in (0, 5, 7):
        with pytest.raises(CodecError, match=f"codec {codec}"):
            compress(codec, b"")
        with pytest.raises(CodecError, match=f"codec {codec}"):
            decompress(codec, b"")
    assert [CODECS[name] for name in CODEC_NAMES] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("codec", [1, 2, 3])
def test_what_follows_the_data_is_passed_over_as_java_does(codec: int) -> None:
    assert decompress(codec, compress(codec, BIG) + b"xx") == BIG
    assert decompress(codec, compress(codec, b"") + b"xx") == b""


@pytest.mark.parametrize("flags", [0x08, 0x10, 0x04])
def test_lz4_frames_with_more_in_their_header(flags: int) -> None:
    import cramjam

    if flags == 0x04:
        checked = cramjam.lz4.Compressor(content_checksum=True, block_linked=False)
        checked.compress(BIG)
        frame = bytes(checked.finish())
        assert frame[4] & flags
        assert decompress(3, frame + b"xx") == BIG
    else:
        with pytest.raises(CodecError):
            decompress(3, b"\x04\x22\x4d\x18" + bytes([0x60 | flags]) + bytes(20))


def test_bombs_are_not_opened() -> None:
    bomb = compress(4, bytes(300 * 1024 * 1024))
    assert len(bomb) < 20_000
    with pytest.raises(CodecError, match="more than"):
        decompress(4, bomb)
    with pytest.raises(CodecError, match="claims too many"):
        decompress(2, b"\xff\xff\xff\xff\x0f" + b"abc")


def test_zstd_of_many_bytes() -> None:
    zeros = bytes(3_000_000)
    assert decompress(4, compress(4, zeros)) == zeros


def test_gzip_members_may_follow_one_another() -> None:
    assert decompress(1, gzip.compress(b"ab") + gzip.compress(b"cd")) == b"abcd"


def test_snappy_is_framed_as_snappy_java_does_and_read_raw_as_well() -> None:
    packed = compress(2, BIG)
    assert packed[:16] == b"\x82SNAPPY\0\0\0\0\1\0\0\0\1"
    (first,) = struct.unpack_from(">i", packed, 16)
    raw = packed[20 : 20 + first]
    assert decompress(2, raw) == BIG[: 32 * 1024]
    assert decompress(2, packed + packed) == BIG + BIG


def test_lz4_blocks_are_independent_as_java_demands() -> None:
    packed = compress(3, BIG)
    assert packed[:4] == b"\x04\x22\x4d\x18"
    assert packed[4] & 0x20
