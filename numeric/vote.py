"""Several networks of one kind that start from different weights, see the images in orders of their own, and vote."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from numeric.network import Network, Parameters, Pull


@dataclass(frozen=True)
class Vote(Network):
    """`count` networks like `member`; parameters are called 1.W1, 1.b1, ..., 2.W1, ...

    Its outputs are the shares of all members, averaged; its loss is the sum of theirs, so that each learns as it would
    alone. While it learns, every member has rows of its own: X[N, count, D], with targets T[N, count, ...]; of X[N, D]
    all see the same. Source: Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.11.
    """

    member: Network | None = None
    count: int = 0

    @classmethod
    def of(cls, name: str, member: Network, count: int) -> "Vote":
        """So many networks like `member`, under one name."""
        same = {field.name: getattr(member, field.name) for field in fields(Network)}
        shapes = {f"{number}.{name}": shape for number in range(1, count + 1) for name, shape in member.shapes.items()}
        return cls(**{**same, "name": name, "shapes": shapes}, member=member, count=count)

    def members(self, parameters: Parameters) -> list[tuple[Network, Parameters]]:
        """Each of the networks, with its part of the parameters."""
        assert self.member is not None
        return [
            (self.member, {name: parameters[f"{number}.{name}"] for name in self.member.shapes})
            for number in range(1, self.count + 1)
        ]

    def forward(self, parameters: Parameters, X: np.ndarray) -> np.ndarray:
        """The members' shares, averaged: [N, classes] for X[N, D]."""
        return np.mean([member.shares(part, X) for member, part in self.members(parameters)], axis=0)

    def shares(self, parameters: Parameters, X: np.ndarray) -> np.ndarray:
        """The same: [N, classes] for X[N, D]."""
        return self.forward(parameters, X)

    def order(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The rows in an order of its own for every member, [rows, count]."""
        return np.stack([rng.permutation(rows) for _ in range(self.count)], axis=1)

    def loss_of(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> float:
        """The sum of the members' losses of a batch X[N, D], or [N, count, D], with targets T, penalties included."""
        members = zip(self.members(parameters), self._rows(X, T), strict=True)
        return sum(member.loss_of(part, *rows) for (member, part), rows in members)

    def masks(self, N: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Those of every member, one member after the other."""
        assert self.member is not None
        return [mask for _ in range(self.count) for mask in self.member.masks(N, rng)]

    def bind(self, parameters: Parameters, cotangents: Parameters) -> Pull:
        """As `Network.bind`, for the sum of the members' losses."""
        members = zip(self.members(parameters), self.members(cotangents), strict=True)
        pulls = [member.bind(part, places) for (member, part), (_, places) in members]

        def pull(X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray] = (), share: float = 1.0) -> float:
            each = len(masks) // self.count
            parts = [masks[number * each : (number + 1) * each] for number in range(self.count)]
            return sum(one(*rows, part, share) for one, rows, part in zip(pulls, self._rows(X, T), parts, strict=True))

        return pull

    def trace(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """Every array of a step, member by member."""
        members = zip(self.members(parameters), self._rows(X, T), strict=True)
        for number, ((member, part), rows) in enumerate(members, start=1):
            for place, tensor, array in member.trace(part, *rows):
                yield f"network {number}, {place}", tensor, array

    def _rows(self, X: np.ndarray, T: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """What each member sees of a batch."""
        return [(X[:, number], T[:, number]) if X.ndim == 3 else (X, T) for number in range(self.count)]
