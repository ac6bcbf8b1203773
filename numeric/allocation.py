"""What becomes of memory that NumPy frees: it is kept for the next arrays.

Left alone, glibc's malloc hands arrays of more than 128 kB back to the system, and gets them anew a moment later, page
by page: a step of a convolutional network takes twice as long.
"""

import ctypes

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
