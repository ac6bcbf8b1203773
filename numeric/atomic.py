"""Files appear whole or not at all."""

import os
import tempfile
from pathlib import Path

from numeric.errors import InputError


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, force it to the disk, rename it. Raises OSError, leaving no trace."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp keeps everybody else out
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def require_writable(folder: Path) -> None:
    """Raise InputError unless files can be written in `folder`, or it can be made; nothing is left behind."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise InputError(f"cannot write in {folder}: {error.strerror} ({existing}); choose another folder") from None
