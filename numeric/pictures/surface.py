"""The loss around a point in parameter space, along two directions.

    f(a, b) = L(origin + a u + b v)

Source: Li, Xu, Taylor, Studer and Goldstein (2018), Visualizing the Loss Landscape of Neural Nets, NeurIPS: section 4
for directions at random, section 7 for those of the path that training took.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from numeric.network import Network

_MARGIN = 0.15  # of the path's extent, on each side of it
_RADIUS = 1.0  # along random directions: as far as every filter is long


@dataclass(frozen=True)
class Plane:
    """A plane in parameter space: the point `origin` [P], and two directions [P] from there; `told` is a sentence."""

    origin: np.ndarray
    u: np.ndarray
    v: np.ndarray
    told: str

    def at(self, a: float, b: float) -> np.ndarray:
        """The parameters at a place of the plane, float32 [P]."""
        return (self.origin + a * self.u + b * self.v).astype(np.float32)

    def project(self, vector: np.ndarray) -> tuple[float, float]:
        """The place of the plane that is nearest to a vector of parameters."""
        basis = np.stack([self.u, self.v], axis=1).astype(np.float64)
        (a, b), *_ = np.linalg.lstsq(basis, vector.astype(np.float64) - self.origin, rcond=None)
        return float(a), float(b)


@dataclass(frozen=True)
class Surface:
    """The loss [B, A] at `a` [A] and `b` [B], and the places of a path [K, 2] on the plane, its end last."""

    plane: Plane
    a: np.ndarray
    b: np.ndarray
    loss: np.ndarray
    path: np.ndarray


def principal_plane(vectors: Sequence[np.ndarray]) -> Plane:
    """The plane through the end of a path along which the path moves the most: its first two principal directions.

    `vectors` are two or more, [P] each. The directions are of length 1, and orthogonal. Raises ValueError where all
    vectors are the same.
    """
    end = vectors[-1].astype(np.float64)
    moves = np.stack([vector - end for vector in vectors[:-1]])
    _, lengths, directions = np.linalg.svd(moves, full_matrices=False)
    if not lengths[0]:
        raise ValueError("the path does not move")
    u = directions[0]
    v = directions[1] if len(directions) > 1 and lengths[1] > 1e-9 * lengths[0] else _orthogonal(u)
    shares = lengths[:2] ** 2 / (lengths**2).sum()
    told = (
        "The two directions are those along which training moved the most: "
        f"{' and '.join(f'{share:.0%}' for share in shares)} of its squared distances to the end lie along them."
    )
    return Plane(end, u, v, told)


def random_plane(network: Network, vector: np.ndarray, rng: np.random.Generator) -> Plane:
    """A plane through `vector` [P] along two directions from N(0, 1), each filter as long as that of the parameters.

    A filter is what makes one unit of a layer: a column of W, a kernel of K; biases stay as they are.
    """
    weights = network.views(vector.astype(np.float64))

    def direction() -> np.ndarray:
        drawn = rng.standard_normal(vector.size)
        for name, part in network.views(drawn).items():
            if part.ndim == 1:
                part[:] = 0
            else:
                axes = tuple(range(part.ndim - 1))
                part *= np.sqrt((weights[name] ** 2).sum(axis=axes) / (part**2).sum(axis=axes))
        return drawn

    told = (
        "The two directions are random; along each, every unit's weights change by as much as they are long where the "
        "axis says 1."
    )
    return Plane(vector.astype(np.float64), direction(), direction(), told)


@np.errstate(all="ignore")  # far out the loss may overflow; some BLAS raise the flags without a reason
def surface(
    network: Network, plane: Plane, X: np.ndarray, T: np.ndarray, points: int, path: Sequence[np.ndarray] = ()
) -> Surface:
    """The loss of a batch X[N, D] with targets T on a grid of `points` by `points`, wide enough for the whole path."""
    places = np.array([plane.project(vector) for vector in path] or [(0.0, 0.0)])
    if len(places) > 1:
        extent = max(np.ptp(places, axis=0)) * (0.5 + _MARGIN)
        middle = (places.min(axis=0) + places.max(axis=0)) / 2
        a, b = (np.linspace(centre - extent, centre + extent, points) for centre in middle)
    else:
        a = b = np.linspace(-_RADIUS, _RADIUS, points)
    with threadpool_limits(limits=1, user_api="blas"):  # small products: more threads only wait for each other
        loss = np.array([[network.loss_of(network.views(plane.at(x, y)), X, T) for x in a] for y in b])
    return Surface(plane, a, b, loss, places)


def _orthogonal(u: np.ndarray) -> np.ndarray:
    """A direction of length 1, orthogonal to `u`: of the axes the one that `u` has the least of, made so."""
    v = np.zeros_like(u)
    v[np.abs(u).argmin()] = 1
    v -= (v @ u) * u
    return v / np.linalg.norm(v)
