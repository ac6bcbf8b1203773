"""Rows in runs, to be taken one after the other or by different threads."""

from itertools import pairwise


def even_slices(N: int, parts: int) -> list[slice]:
    """At most so many runs of N rows, as equal as can be, none of them empty and none longer than the last."""
    parts = max(1, min(parts, N))
    ends = [N * part // parts for part in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(ends) if start < end]
