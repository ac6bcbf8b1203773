"""Trained networks as ONNX graphs, for other programs to run: one table says what each layer becomes.

Between layers every tensor is what it is in our equations: rows, or images with channels last. Where ONNX wants it
otherwise, it is turned there and turned back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from numeric.atomic import write_atomically
from numeric.errors import InputError
from numeric.model import Model
from numeric.network import DROPOUT, Network, Parameters

# ONNX 1.8 of 2020, the first with Softmax along one axis; onnxruntime reads it from version 1.6 on.
OPSET, IR_VERSION = 13, 7


@dataclass(frozen=True)
class Operator:
    """An operator of ONNX: after the layer's data it reads `tensors`, which lie in the file."""

    type: str
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    """An operator at its place in a graph: what it reads, and its output, by name."""

    type: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Nodes from X[N, D] to shares[N, classes] and label[N], in order, and the arrays that they read, by name."""

    nodes: list[Node]
    tensors: dict[str, np.ndarray]


def _conv_relu_pool2d(K: np.ndarray, b: np.ndarray, pad: float) -> list[Operator]:
    return [
        Operator("Transpose", attributes={"perm": [0, 3, 1, 2]}),
        Operator("Conv", {"K": K.transpose(3, 2, 0, 1), "b": b}, {"pads": [int(pad)] * 4}),
        Operator("Relu"),
        Operator("MaxPool", attributes={"kernel_shape": [2, 2], "strides": [2, 2]}),
        Operator("Transpose", attributes={"perm": [0, 2, 3, 1]}),
    ]


# A layer's parameters and options -> the operators that compute it, each on the output of the one before.
OPERATORS: dict[str, Callable[..., list[Operator]]] = {
    "linear": lambda W, b: [Operator("Gemm", {"W": W, "b": b})],
    "relu": lambda: [Operator("Relu")],
    "sigmoid": lambda: [Operator("Sigmoid")],
    "tanh": lambda: [Operator("Tanh")],
    "softmax": lambda: [Operator("Softmax", attributes={"axis": 1})],
    "conv_relu_pool2d": _conv_relu_pool2d,
    "flatten": lambda: [Operator("Flatten", attributes={"axis": 1})],
    DROPOUT: lambda keep: [],  # a trained network keeps everything
}
# What turns outputs into shares, by the loss that the network was trained with, as Model.shares does.
_ENDINGS = {"softmax_cross_entropy": OPERATORS["softmax"](), "sigmoid_cross_entropy": OPERATORS["sigmoid"]()}


def export(model: Model, path: Path) -> None:
    """Write `to_onnx(model)` to `path`, whole or not at all; a regular file of that name is replaced.

    Raises InputError as `to_onnx` does, and where the file cannot be written.
    """
    content = to_onnx(model)
    try:
        if path.exists() and not path.is_file():  # renaming over a device would replace it
            raise InputError(f"cannot write {path}: it is there, and no regular file; choose another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; choose another place") from None


def to_onnx(model: Model) -> bytes:
    """The content of an ONNX file that computes what `model` does; the same model gives the same bytes.

    It reads X[N, D], float32 rows of pixels from 0 to 1, and gives shares[N, classes], float32, which are those of
    `model.shares`, and label[N], int64, which is that of `model.network.predict`. It holds the model's metadata.
    Raises InputError where the package onnx is not installed, and for a layer that OPERATORS does not name.
    """
    graph = graph_of(model.network.members(model.parameters))
    return serialized(graph, model.network.name, model.network.features, model.network.classes, model.metadata)


def graph_of(members: Sequence[tuple[Network, Parameters]]) -> Graph:
    """The graph of one network, or of several side by side that read the same X: their shares are averaged.

    The label is that of the largest output of one network, and of the largest share of several. Raises InputError for a
    layer that OPERATORS does not name.
    """
    graph = Graph([], {})
    outputs, shares = [], []
    for number, (network, parameters) in enumerate(members, start=1):
        prefix = f"network{number}_" if len(members) > 1 else ""
        outputs.append(_add_stages(graph, network, parameters, prefix))
        ending = _ENDINGS.get(network.loss.name, [])
        shares.append(_chain(graph, ending, outputs[-1], f"{prefix}shares", {}))
    alone = len(members) == 1
    graph.nodes.append(Node("Identity" if alone else "Mean", tuple(shares), "shares"))
    # Of two large outputs, the shares may be the same number: like Network.predict, one network looks at its outputs.
    scores = outputs[0] if alone else "shares"
    graph.nodes.append(Node("ArgMax", (scores,), "label", {"axis": 1, "keepdims": 0}))
    return graph


def _add_stages(graph: Graph, network: Network, parameters: Parameters, prefix: str) -> str:
    """Add the nodes of all stages, with `prefix` before every name; return the name of the last output."""
    X = "X"
    if network.convolves:
        shape = np.array([0, *network.image], np.int64)  # 0: as many rows as there are
        X = _chain(graph, [Operator("Reshape", {"shape": shape})], X, f"{prefix}image", {})
    for number, stage in enumerate(network.stages, start=1):
        if stage.name not in OPERATORS:
            known = ", ".join(OPERATORS)
            raise InputError(f"cannot export {network.name}: no ONNX operators for {stage.name}, only for {known}")
        arrays = {tensor: parameters[name] for tensor, name in stage.parameters.items()}
        operators = OPERATORS[stage.name](**arrays, **stage.options)
        names = {tensor: f"{prefix}{name}" for tensor, name in stage.parameters.items()}
        X = _chain(graph, operators, X, f"{prefix}layer{number}_{stage.name}", names)
    return X


def _chain(graph: Graph, operators: Sequence[Operator], X: str, place: str, names: Mapping[str, str]) -> str:
    """Add the operators, each on the output of the one before, and the tensors that they read; return the last output.

    A tensor is called what `names` calls it, else after its place.
    """
    for step, operator in enumerate(operators, start=1):
        read = {names.get(tensor, f"{place}_{tensor}"): array for tensor, array in operator.tensors.items()}
        graph.tensors.update(read)
        graph.nodes.append(Node(operator.type, (X, *read), f"{place}_{step}", operator.attributes))
        X = graph.nodes[-1].output
    return X


def serialized(graph: Graph, name: str, features: int, classes: int, metadata: Mapping[str, str]) -> bytes:
    """The content of the ONNX file with this graph. Raises InputError where the package onnx is not installed."""
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise InputError("ONNX files need the package onnx: pip install 'backproof[onnx]'") from None
    nodes = [
        helper.make_node(node.type, list(node.inputs), [node.output], name=node.output, **node.attributes)
        for node in graph.nodes
    ]
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", features])]
    outputs = [
        helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["N", classes]),
        helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
    ]
    tensors = [numpy_helper.from_array(np.ascontiguousarray(array), key) for key, array in graph.tensors.items()]
    model = helper.make_model(
        helper.make_graph(nodes, name, inputs, outputs, tensors),
        producer_name="backproof",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, {_text(key): _text(metadata[key]) for key in sorted(metadata)})
    return model.SerializeToString(deterministic=True)


def _text(text: str) -> str:
    """The text without half characters, which JSON can hold and ONNX cannot."""
    return text.encode(errors="replace").decode()
