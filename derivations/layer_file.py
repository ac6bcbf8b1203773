"""A layer in a file of its own, as `backproof derive --file` reads it: a page of text."""

import os
import re
from pathlib import Path

from derivations.layer import DerivationError, Layer
from derivations.lines import NotationError
from derivations.notation import read_layer

LONGEST_FILE = 1_000_000  # bytes
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # Windows has none, and no pipes among its files


def read_layer_file(path: Path) -> Layer:
    """Read the layer that a UTF-8 file defines; it is called as the file is, with _ for what is no letter or digit.

    Raises DerivationError, naming the file, where it cannot be read, is no text, is longer than a megabyte, or does not
    define a layer.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            content = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise DerivationError(f"cannot read {path}: {error.strerror}; expected a text file with a layer") from None
    if len(content) > LONGEST_FILE:
        raise DerivationError(f"{path} is longer than {LONGEST_FILE} bytes; a layer is a page of text")
    try:
        return read_layer(content.decode("utf-8-sig"), name=re.sub(r"\W", "_", path.stem))
    except UnicodeDecodeError as error:
        raise DerivationError(f"{path} is not text: byte {error.start} is no UTF-8; expected a layer as text") from None
    except NotationError as error:
        raise DerivationError(f"{path}: {error}") from None


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe without waiting for somebody to write into it, so that it is empty where nobody does."""
    descriptor = os.open(path, flags | _AT_ONCE)
    if _AT_ONCE:
        os.set_blocking(descriptor, True)
    return descriptor
