"""The IDX format of MNIST: a magic number, the sizes, then the entries in big-endian order; plain or gzip-compressed.

Source: LeCun, Cortes, Burges, The MNIST database of handwritten digits, "File formats".
"""

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from numeric.errors import InputError

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP_MAGIC = b"\x1f\x8b"
_DEFLATE_LIMIT = 1032  # no deflate stream expands further: zlib's technical notes
_CHUNK = 1 << 20
_LARGEST = 1 << 28  # bytes of entries, five times MNIST's: what a small gzip file can swell to must have an end
_MOST_AXES = 8


@dataclass(frozen=True)
class Idx:
    """The array of an IDX file, in the machine's byte order, and the SHA-256 of its decompressed content."""

    array: np.ndarray
    sha256: str


def read_idx(path: Path) -> Idx:
    """Read an IDX file, plain or gzip-compressed, of any of the format's six dtypes and up to 8 axes.

    Raises InputError, with the path, where the file cannot be read, or is not exactly one IDX file: a wrong magic
    number or type code, entries missing or left over, a damaged gzip stream. A header that claims more than the file
    can hold, or than 256 MB, is refused before anything of that size is allocated.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would never end
            raise InputError(f"cannot read {path}: it is no regular file")
        with path.open("rb") as raw:
            compressed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            room = os.fstat(raw.fileno()).st_size * (_DEFLATE_LIMIT if compressed else 1)
            if not compressed:
                return _parse(path, raw, room)
            with gzip.open(raw) as stream:
                return _parse(path, stream, room)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: corrupt gzip file ({error}); fetch it anew") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _parse(path: Path, stream: _Stream, room: int) -> Idx:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        known = ", ".join(f"0x{code:02x}" for code in _DTYPES)
        raise InputError(
            f"{path}: wrong magic number 0x{magic.hex()}; expected an IDX file: 0x0000, a type code ({known}), the rank"
        )
    dtype, rank = np.dtype(_DTYPES[magic[2]]), magic[3]
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise InputError(f"{path}: truncated in its header; expected {rank} sizes of 4 bytes")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    expected = math.prod(shape) * dtype.itemsize
    if expected > room:
        raise InputError(f"{path}: its header claims {expected} bytes of entries, more than the file can hold")
    if expected > _LARGEST:
        raise InputError(f"{path}: its header claims {expected} bytes of entries; expected {_LARGEST} at most")
    if rank > _MOST_AXES or 0 in shape:
        raise InputError(f"{path}: its shape is {shape!s:.60}; expected {_MOST_AXES} sizes at most, none of them 0")
    body = bytearray()
    for chunk in _chunks(stream, expected + 1):
        body += chunk
    if len(body) != expected:
        found = f"only {len(body)}" if len(body) < expected else "more"
        raise InputError(f"{path}: its header promises {expected} bytes of entries, it holds {found}; fetch it anew")
    checksum = hashlib.sha256(magic + sizes)
    checksum.update(body)
    array = np.frombuffer(body, dtype).reshape(shape)
    return Idx(array.astype(dtype.newbyteorder("="), copy=False), checksum.hexdigest())


def _chunks(stream: _Stream, size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := stream.read(min(size, _CHUNK))):
        yield chunk
        size -= len(chunk)
