"""The memory of this process: what becomes of what NumPy frees, and how much it has had at most.

Left alone, glibc's malloc hands arrays of more than 128 kB back to the system, and gets them anew a moment later, page
by page: a step of a convolutional network takes twice as long.
"""

import ctypes
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_LARGEST = 1 << 25  # bytes; glibc takes no more
_KEPT = 1 << 29


def keep_freed_memory() -> None:
    """Let this process keep up to half a gigabyte that it has freed. Where there is no such switch, nothing happens."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # no C library by that name, or one that is not glibc's
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST)
    mallopt(_TRIM_THRESHOLD, _KEPT)
    mallopt(_TOP_PAD, _LARGEST)


def peak_memory() -> int:
    """The most memory that this process has had, in bytes.

    Linux's `getrusage` starts a process with the peak of the one that it was forked from; the kernel's own status does
    not.
    """
    if _STATUS.exists():
        (line,) = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    import resource  # which Windows does not have

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
