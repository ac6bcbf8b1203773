"""Where the boxes of a graph stand: in rows, every arrow downwards, few arrows crossing, none running through a box.

Rows by the longest path, orders by barycentres, and an arrow that passes a row gets a place in it. Source: Sugiyama,
Tagawa and Toda (1981), Methods for Visual Understanding of Hierarchical System Structures, IEEE Trans. SMC 11(2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
Point = tuple[float, float]
_Node = str | tuple[Edge, int]  # a box, or where an arrow passes a row

GAP, ROW_GAP = 36.0, 56.0
LINE_GAP, LEVEL = 16.0, 40.0  # what goes further sideways than LEVEL runs level, so far from the next
LANE = 18.0  # from one arrow to the next, at a box and where they pass a row
_SWEEPS = 12
_PULL = 40.0  # how much more an arrow that only passes wants to be straight than a box wants to be in the middle


@dataclass(frozen=True)
class Layout:
    """The left upper corner of every box, and the course of every arrow.

    A course leaves the box downwards. In the gaps between rows it slants a little, or runs level where it has far to
    go, no two on one line; past a row it goes straight down.
    """

    corners: Mapping[str, Point]
    courses: Mapping[Edge, Sequence[Point]]
    width: float
    height: float


def lay_out(sizes: Mapping[str, tuple[float, float]], edges: Sequence[Edge]) -> Layout:
    """Place boxes of given widths and heights; `edges` go from box to box, each once, and make no circle."""
    ranks = _ranks(list(sizes), edges)
    chains = {edge: _chain(edge, ranks) for edge in edges}
    rows: list[list[_Node]] = [[] for _ in range(max(ranks.values()) + 1)]
    for name, rank in ranks.items():
        rows[rank].append(name)
    for chain in chains.values():
        for node in chain[1:-1]:
            rows[ranks[chain[0]] + node[1]].append(node)
    links = [link for chain in chains.values() for link in pairwise(chain)]
    rows = _ordered(rows, links)
    widths = {node: sizes[node][0] if isinstance(node, str) else LANE for row in rows for node in row}
    middles = _middles(rows, links, widths)
    corners = {name: middles[name] - sizes[name][0] / 2 for name in sizes}
    leaving = _ports(sizes, middles, {e: chain[1] for e, chain in chains.items()}, 0)
    reaching = _ports(sizes, middles, {e: chain[-2] for e, chain in chains.items()}, 1)
    across = {e: [leaving[e], *(middles[node] for node in chain[1:-1]), reaching[e]] for e, chain in chains.items()}
    lines = [_lines(gap, across, ranks) for gap in range(len(rows))]
    tops, bottoms, top = [], [], 0.0
    for row, taken in zip(rows, lines, strict=True):
        tops.append(top)
        bottoms.append(top + max((sizes[node][1] for node in row if isinstance(node, str)), default=0.0))
        top = bottoms[-1] + ROW_GAP + LINE_GAP * max(0, max(taken.values(), default=0))
    courses = {}
    for edge, places in across.items():
        first = ranks[edge[0]]
        course = [(places[0], tops[first] + sizes[edge[0]][1])]
        for gap, (x, next_x) in enumerate(pairwise(places), start=first):
            course.append((x, bottoms[gap]))
            if edge in lines[gap]:
                level = bottoms[gap] + ROW_GAP / 2 + LINE_GAP * lines[gap][edge]
                course += [(x, level), (next_x, level)]
            course.append((next_x, tops[gap + 1]))
        courses[edge] = course
    width = max(middles[node] + widths[node] / 2 for node in widths)
    return Layout({n: (x, tops[ranks[n]]) for n, x in corners.items()}, courses, width, bottoms[-1])


def _lines(gap: int, across: Mapping[Edge, Sequence[float]], ranks: Mapping[str, int]) -> dict[Edge, int]:
    """On which line below row `gap`, from 0 down, each arrow runs level that goes far sideways there.

    Of those that go to the right the last to start runs on top, of those to the left the first: they do not cross.
    """
    runs = {}
    for edge, places in across.items():
        step = gap - ranks[edge[0]]
        if 0 <= step < len(places) - 1 and abs(places[step + 1] - places[step]) > LEVEL:
            runs[edge] = (places[step], places[step + 1])
    taken: dict[Edge, int] = {}
    for edge in sorted(runs, key=lambda e: -runs[e][0] if runs[e][1] > runs[e][0] else runs[e][0]):
        start, end = runs[edge]
        left, right = min(start, end) - LANE, max(start, end) + LANE
        beside = [other for other in taken if min(runs[other]) < right and left < max(runs[other])]
        same_way = [taken[other] for other in beside if (runs[other][1] > runs[other][0]) == (end > start)]
        occupied = {taken[other] for other in beside}
        line = max(same_way, default=-1) + 1
        while line in occupied:
            line += 1
        taken[edge] = line
    return taken


def _ranks(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Rows by the longest path from above; what nothing leads to stands right above the first that it leads to."""
    before = {name: [tail for tail, head in edges if head == name] for name in names}
    after = {name: [head for tail, head in edges if tail == name] for name in names}
    ranks: dict[str, int] = {}
    while len(ranks) < len(names):
        ready = [n for n in names if n not in ranks and all(other in ranks for other in before[n])]
        if not ready:
            raise ValueError("these arrows make a circle")
        ranks |= {n: max((ranks[other] + 1 for other in before[n]), default=0) for n in ready}
    sources = [n for n in names if not before[n] and after[n]]
    return ranks | {n: min(ranks[other] for other in after[n]) - 1 for n in sources}


def _chain(edge: Edge, ranks: Mapping[str, int]) -> list:
    tail, head = edge
    return [tail, *((edge, step) for step in range(1, ranks[head] - ranks[tail])), head]


def _ordered(rows: list[list[_Node]], links: Sequence[tuple[_Node, _Node]]) -> list[list[_Node]]:
    """The orders with the fewest crossings among those that sweeps down and up by barycentres find."""
    above: dict[_Node, list[_Node]] = {}
    below: dict[_Node, list[_Node]] = {}
    for upper, lower in links:
        above.setdefault(lower, []).append(upper)
        below.setdefault(upper, []).append(lower)
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        rows = [list(row) for row in rows]
        for number in range(len(rows)) if down else reversed(range(len(rows))):
            beside = number - 1 if down else number + 1
            if 0 <= beside < len(rows):
                places = {node: place for place, node in enumerate(rows[beside])}
                own = {node: place for place, node in enumerate(rows[number])}
                towards = above if down else below
                rows[number].sort(key=lambda node: _mean([places[o] for o in towards.get(node, [])], own[node]))
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(rows: Sequence[Sequence[_Node]], below: Mapping[_Node, Sequence[_Node]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        places = {node: place for place, node in enumerate(lower)}
        ends = [places[head] for node in upper for head in sorted(below.get(node, []), key=places.__getitem__)]
        total += sum(later < earlier for k, earlier in enumerate(ends) for later in ends[k + 1 :])
    return total


def _middles(
    rows: Sequence[Sequence[_Node]], links: Sequence[tuple[_Node, _Node]], widths: Mapping[_Node, float]
) -> dict[_Node, float]:
    """Where the middle of every node lies: near those of its neighbours, row by row, in the order of the row."""
    near: dict[_Node, list[_Node]] = {node: [] for node in widths}
    for upper, lower in links:
        near[upper].append(lower)
        near[lower].append(upper)
    middles: dict[_Node, float] = dict.fromkeys(widths, 0.0)
    for _ in range(3 * _SWEEPS):
        for row in (*rows, *reversed(rows)):
            wanted = [_mean([middles[other] for other in near[node]], middles[node]) for node in row]
            pulls = [1.0 if isinstance(node, str) else _PULL for node in row]
            middles |= zip(row, _apart(wanted, pulls, [widths[node] for node in row]), strict=True)
    left = min(middles[node] - widths[node] / 2 for node in widths)
    return {node: middle - left for node, middle in middles.items()}


def _apart(wanted: Sequence[float], pulls: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The middles nearest to the wanted ones, by weighted least squares, at which no two overlap (pool adjacent
    violators)."""
    starts = [0.0]
    for one, other in pairwise(widths):
        starts.append(starts[-1] + (one + other) / 2 + GAP)
    blocks: list[tuple[float, float, int]] = []
    for want, pull, start in zip(wanted, pulls, starts, strict=True):
        at, weight, count = want - start, pull, 1
        while blocks and blocks[-1][0] > at:
            other, others, number = blocks.pop()
            at, weight, count = (at * weight + other * others) / (weight + others), weight + others, count + number
        blocks.append((at, weight, count))
    offsets = [at for at, _, count in blocks for _ in range(count)]
    return [offset + start for offset, start in zip(offsets, starts, strict=True)]


def _ports(
    sizes: Mapping[str, tuple[float, float]],
    middles: Mapping[_Node, float],
    towards: Mapping[Edge, _Node],
    end: int,
) -> dict[Edge, float]:
    """Where along its box every arrow begins (`end` 0) or ends (1): side by side, sorted by where they go."""
    found: dict[Edge, float] = {}
    for name, (width, _) in sizes.items():
        edges = sorted((e for e in towards if e[end] == name), key=lambda e: middles[towards[e]])
        lane = min(LANE, (width - LANE) / max(1, len(edges)))
        for place, edge in enumerate(edges):
            found[edge] = middles[name] + (place - (len(edges) - 1) / 2) * lane
    return found
