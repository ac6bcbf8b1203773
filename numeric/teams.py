"""Which team trains a network, and with how many threads."""

import math

import numpy as np

from numeric.data_parallel import DataParallelTeam
from numeric.network import Network
from numeric.optimizers import Optimizer, State
from numeric.team import Team
from numeric.tensor_parallel import TensorParallelTeam, splits
from numeric.worker import AVAILABLE

THREADS = 2
# Multiplications an image above which a step is long enough: in the first layer, to ask another process for some of
# them; in the whole network, for BLAS to share its products.
_LARGE, _LARGE_FOR_BLAS = 50_000, 250_000


def usual_threads(network: Network) -> int:
    """How many threads are worth having."""
    if AVAILABLE and splits(network):
        first = math.prod(next(iter(network.shapes.values())))
        return THREADS if first > _LARGE else 1
    return THREADS if network.convolves or network.size > _LARGE_FOR_BLAS else 1


def team_for(
    network: Network,
    vector: np.ndarray,
    optimizer: Optimizer,
    state: State,
    threads: int,
    distorted: bool = False,
) -> Team:
    """The team that is the fastest with so many threads; the same seed and number of them give the same bits.

    `distorted`: images are not as they are in the data set when it sees them.
    """
    if AVAILABLE and threads > 1 and network.convolves:
        return DataParallelTeam(network, vector, optimizer, state, threads)
    if AVAILABLE and threads > 1 and splits(network):
        return TensorParallelTeam(network, vector, optimizer, state, threads, distorted)
    return Team(network, vector, optimizer, state, threads)
