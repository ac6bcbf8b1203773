"""A layer in a file of its own, as `backproof derive --file` reads it: a page of text."""

from pathlib import Path

from derivations.layer import DerivationError, Layer
from derivations.lines import NotationError
from derivations.notation import read_layer

LONGEST_FILE = 1_000_000  # bytes


def read_layer_file(path: Path) -> Layer:
    """Read the layer that a UTF-8 file defines; it is called as the file is.

    Raises DerivationError, naming the file, where it cannot be read, is no text, is longer than a megabyte, or does not
    define a layer.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise DerivationError(f"cannot read {path}: {error.strerror}; expected a text file with a layer") from None
    if len(content) > LONGEST_FILE:
        raise DerivationError(f"{path} is longer than {LONGEST_FILE} bytes; a layer is a page of text")
    try:
        return read_layer(content.decode("utf-8-sig"), name=path.stem)
    except UnicodeDecodeError as error:
        raise DerivationError(f"{path} is not text: byte {error.start} is no UTF-8; expected a layer as text") from None
    except NotationError as error:
        raise DerivationError(f"{path}: {error}") from None
