"""Files appear whole or not at all."""

import os
import tempfile
from pathlib import Path

from numeric.errors import InputError

_UNFINISHED = ".unfinished"


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, force it to the disk, rename it. Raises OSError, leaving no trace.

    Only a process that is killed meanwhile leaves its temporary file: `sweep` removes it.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp keeps everybody else out
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)  # Ctrl-C may come when it has just been renamed
        raise


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in `folder`, which nobody else is writing in. Raises OSError."""
    for left in folder.glob(f".*{_UNFINISHED}"):
        left.unlink(missing_ok=True)


def require_writable(folder: Path) -> None:
    """Raise InputError unless files can be written in `folder`, or it can be made; nothing is left behind."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise InputError(f"cannot write in {folder}: {error.strerror} ({existing}); choose another folder") from None
