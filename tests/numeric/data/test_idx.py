import gzip
import hashlib
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from numeric.data.idx import read_idx
from numeric.errors import InputError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
shapes = array_shapes(min_dims=0, max_dims=4, max_side=5)


def write(path, content, compressed):
    path.write_bytes(gzip.compress(content) if compressed else content)
    return path


@given(st.data(), st.sampled_from(sorted(CODES)), st.booleans())
def test_every_dtype_and_shape_comes_back_in_our_byte_order(tmp_path_factory, idx, data, kind, compressed):
    array = data.draw(arrays(np.dtype(f">{kind}"), data.draw(shapes)))
    content = idx(array, CODES[kind])
    found = read_idx(write(tmp_path_factory.mktemp("idx") / "file", content, compressed))
    assert found.array.dtype == np.dtype(kind)
    assert found.array.dtype.isnative
    np.testing.assert_array_equal(found.array, array)
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("compressed", [False, True])
@given(length=st.integers(0, 15))
def test_every_truncation_is_refused(tmp_path_factory, idx, compressed, length):
    content = idx(np.arange(8, dtype=np.uint8))[:length]
    with pytest.raises(InputError, match=r"wrong magic|truncated in its header|more than the file can hold|holds only"):
        read_idx(write(tmp_path_factory.mktemp("idx") / "cut", content, compressed))


@pytest.mark.parametrize("compressed", [False, True])
def test_bytes_left_over_are_refused(tmp_path, digits_idx, compressed):
    with pytest.raises(InputError, match="its header promises 8 bytes of entries, it holds more"):
        read_idx(write(tmp_path / "long", digits_idx + b"\0", compressed))


@pytest.mark.parametrize("magic", [b"\0\0\x07\1", b"\0\0\x0a\1", b"\1\0\x08\1", b"\x89PNG", b"<htm", b""])
def test_a_wrong_magic_number_is_shown_with_what_is_right(tmp_path, magic):
    with pytest.raises(InputError, match=f"wrong magic number 0x{magic.hex()}; expected an IDX file: 0x0000"):
        read_idx(write(tmp_path / "other", magic + b"\0\0\0\1\0", compressed=False) if magic else _empty(tmp_path))


def _empty(folder):
    (folder / "empty").write_bytes(b"")
    return folder / "empty"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("rank", [3, 255])
def test_a_header_that_claims_terabytes_is_refused_before_anything_is_allocated(tmp_path, compressed, rank):
    content = bytes([0, 0, 0x08, rank]) + struct.pack(">I", 2**32 - 1) * rank + bytes(100)
    path = write(tmp_path / "huge", content, compressed)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"claims \d{28,} bytes of entries, more than the file can hold"):
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


def test_a_gzip_bomb_is_read_no_further_than_its_header_says(tmp_path, digits_idx):
    path = write(tmp_path / "bomb", digits_idx + bytes(200_000_000), compressed=True)
    tracemalloc.start()
    with pytest.raises(InputError, match="it holds more"):
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6


@given(st.integers(10, 10_000), st.integers(1, 255))
def test_a_flipped_byte_in_a_gzip_file_never_passes_for_the_content(tmp_path_factory, idx, place, change):
    content = idx(np.random.default_rng(0).integers(0, 256, size=(10, 30), dtype=np.uint8))
    packed = bytearray(gzip.compress(content))
    packed[10 + place % (len(packed) - 10)] ^= change
    path = tmp_path_factory.mktemp("idx") / "flipped"
    path.write_bytes(packed)
    with pytest.raises(InputError, match=r"flipped: corrupt gzip file|flipped: (its header|wrong magic|truncated)"):
        read_idx(path)


def test_a_truncated_gzip_file_is_corrupt(tmp_path, digits_idx):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(digits_idx)[:-9])
    with pytest.raises(InputError, match=r"cut.gz: corrupt gzip file \(.*\); fetch it anew"):
        read_idx(path)


def test_a_file_that_cannot_be_read_gets_one_line(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*absent: No such file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(InputError, match=r"cannot read .*: Is a directory"):
        read_idx(tmp_path)
