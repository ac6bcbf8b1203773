"""The networks that can be trained, by name: those of the literature that this project learned from, and ours."""

from dataclasses import dataclass, replace
from math import isqrt, prod

from numeric.errors import InputError
from numeric.network import DROPOUT, NOTHING, Network, Penalty, Stage, stage
from numeric.vote import Vote

KERNEL, PAD = 3, 1
CONVOLUTION = "conv_relu_pool2d"


@dataclass(frozen=True)
class Architecture:
    """A network but for the sizes of its data: the layers between images and loss, and where its weights start.

    `kernels` are the channels of convolutions of 3x3 with ReLU and pooling of 2x2; `hidden` are the widths of linear
    layers with `activation`, of which, while training, a share `keep` is kept. `ending` follows the last linear layer.
    Of `votes` such networks the shares are averaged.
    """

    hidden: tuple[int, ...]
    activation: str
    loss: str
    init: str
    kernels: tuple[int, ...] = ()
    ending: tuple[str, ...] = ()
    keep: float = 1.0
    votes: int = 1


_CNN = Architecture((128,), "relu", loss="softmax_cross_entropy", init="he", kernels=(16, 32, 64))
NETWORKS = {
    "mlp": Architecture((128, 64), "relu", loss="softmax_cross_entropy", init="he"),
    "mlp-augmented": Architecture((512, 256), "relu", loss="softmax_cross_entropy", init="he"),
    "cnn": _CNN,
    "cnn-vote": replace(_CNN, votes=5),
    "three-layer": Architecture((300,), "sigmoid", loss="softmax_cross_entropy", init="xavier"),
    # Weisberg (2018), Building a Neural Network from Scratch
    "weisberg": Architecture((64,), "sigmoid", loss="softmax_cross_entropy", init="xavier"),
    # Nielsen (2015), Neural Networks and Deep Learning, ch. 3 (100 hidden neurons) and ch. 1 (30)
    "nielsen": Architecture((100,), "sigmoid", loss="sigmoid_cross_entropy", init="scaled"),
    "nielsen-quadratic": Architecture((30,), "sigmoid", ending=("sigmoid",), loss="squared_error", init="scaled"),
    # Sanderson (2017), But what is a neural network?
    "three-blue-one-brown": Architecture((16, 16), "sigmoid", ending=("sigmoid",), loss="squared_error", init="scaled"),
}


def require_network(name: str) -> None:
    """Raise InputError where NETWORKS has no such name."""
    if name not in NETWORKS:
        raise InputError(f"unknown network {name!r}; expected one of {', '.join(NETWORKS)}")


def build(name: str, features: int, classes: int, penalty: Penalty = NOTHING, keep: float | None = None) -> Network:
    """The network `name` for data of so many features and classes; `keep` replaces the table's share.

    Raises InputError where NETWORKS has no such name, and where a network with kernels cannot see the features as a
    square image that is large enough to be halved by every pooling.
    """
    require_network(name)
    return assemble(name, NETWORKS[name], features, classes, penalty, keep)


def assemble(
    name: str,
    architecture: Architecture,
    features: int,
    classes: int,
    penalty: Penalty = NOTHING,
    keep: float | None = None,
) -> Network:
    """As `build`, of an architecture that need not be in NETWORKS; `name` is what it is called.

    Raises InputError for features in which its kernels see no square image that is large enough.
    """
    stages: list[Stage] = []
    shapes: dict[str, tuple[int, ...]] = {}

    def add(layer: str, options: dict[str, float] | None = None, **parameters: tuple[int, ...]) -> None:
        number = len(shapes) // 2 + 1 if parameters else 0
        stages.append(stage(layer, number, first=not stages, options=options))
        shapes.update({f"{tensor}{number}": shape for tensor, shape in parameters.items()})

    image: tuple[int, ...] = (
        _image(name, features, 2 ** len(architecture.kernels)) if architecture.kernels else (features,)
    )
    seen = image
    for F in architecture.kernels:
        *sides, C = seen
        add(CONVOLUTION, {"pad": PAD}, K=(KERNEL, KERNEL, C, F), b=(F,))
        seen = (*((side + 2 * PAD - KERNEL + 1) // 2 for side in sides), F)
    if architecture.kernels:
        add("flatten")
    D = prod(seen)
    kept = architecture.keep if keep is None else keep
    for C in architecture.hidden:
        add("linear", W=(D, C), b=(C,))
        add(architecture.activation)
        if kept < 1:
            add(DROPOUT, {"keep": kept})
        D = C
    add("linear", W=(D, classes), b=(classes,))
    for layer in architecture.ending:
        add(layer)
    network = Network(name, tuple(stages), stage(architecture.loss), shapes, image, classes, penalty)
    return Vote.of(name, network, architecture.votes) if architecture.votes > 1 else network


def _image(name: str, features: int, smallest: int) -> tuple[int, int, int]:
    """Height, width and the one channel of a square image, whose sides are no smaller than that."""
    side = isqrt(features)
    if side * side != features or side < smallest:
        raise InputError(
            f"{name} sees square images of {smallest} x {smallest} pixels or more, not {features} numbers; "
            "choose a network without kernels"
        )
    return side, side, 1
