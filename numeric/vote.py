"""Several networks of one kind that see the same batches, start from different weights, and vote."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from numeric.network import Network, Parameters, Pull


@dataclass(frozen=True)
class Vote(Network):
    """`count` networks like `member`; parameters are called 1.W1, 1.b1, ..., 2.W1, ...

    Its outputs are the shares of all members, averaged; its loss is the sum of theirs, so that each learns as it would
    alone. Source: Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.11.
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

    def loss_of(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> float:
        """The sum of the members' losses of a batch X[N, D] with targets T, penalties included."""
        return sum(member.loss_of(part, X, T) for member, part in self.members(parameters))

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
            return sum(one(X, T, masks[number * each : (number + 1) * each], share) for number, one in enumerate(pulls))

        return pull

    def trace(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """Every array of a step, member by member."""
        for number, (member, part) in enumerate(self.members(parameters), start=1):
            for place, tensor, array in member.trace(part, X, T):
                yield f"network {number}, {place}", tensor, array
