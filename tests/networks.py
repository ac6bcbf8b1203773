"""The networks of which a single one is trained: a vote of several is made of the same layers, and takes longer."""

from numeric.architectures import NETWORKS

SINGLE = [name for name, architecture in NETWORKS.items() if architecture.votes == 1]
