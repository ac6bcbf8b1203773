"""Derivations as JSON-ready dictionaries."""

from __future__ import annotations

from typing import Any

from derivations.backward import Derivation, Step
from derivations.hessian import SecondOrder
from derivations.layer import Equation, Layer
from derivations.render.numpy_source import matrix_form
from derivations.render.page import conventions


def as_json(derivation: Derivation) -> dict[str, Any]:
    """`layer, tensors, equations, cotangents, steps, claims` and what goes with them; every value is plain JSON."""
    return {
        **_first_order(derivation),
        "steps": [_step(step, f"d{step.target}") for step in derivation.steps],
        "claims": [{"text": c.text, "label": c.label, "proof": str(proof)} for c, proof in derivation.claims],
        "witness": str(derivation.witness),
    }


def second_order_json(second: SecondOrder) -> dict[str, Any]:
    """The same at second order: `directions`, and `rates` and `products` with their steps and their witness."""
    return {
        **_first_order(second.first),
        "order": 2,
        "directions": [_tensor(tensor) for tensor in second.directions],
        "rates": {name: _equation(equation) for name, equation in second.rates.items()},
        "products": {name: _equation(equation) for name, equation in second.products.items()},
        "steps": [_step(step, step.target) for step in second.steps],
        "claims": [],
        "witness": str(second.witness),
    }


def _first_order(derivation: Derivation) -> dict[str, Any]:
    layer = derivation.layer
    return {
        "layer": layer.name,
        "summary": layer.summary,
        "source": layer.source,
        "tensors": [_tensor(tensor) for tensor in layer.tensors],
        "options": [str(option) for option in layer.options],
        "outputs": list(layer.output_names),
        "conventions": conventions(layer),
        "equations": [_equation(equation, layer) for equation in layer.equations],
        "cotangents": {name: _equation(equation, layer) for name, equation in derivation.cotangents.items()},
        "intermediate_cotangents": {n: _equation(e, layer) for n, e in derivation.intermediate_cotangents.items()},
    }


def _step(step: Step, of: str) -> dict[str, str]:
    told = {"rule": step.rule, "before": step.before, "after": step.after, "because": step.because}
    return {"of": of, **told, "proof": str(step.proof)}


def _tensor(tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "sizes": [str(size) for size in tensor.sizes],
        "integer": tensor.integer,
        "text": str(tensor),
    }


def _equation(equation: Equation, layer: Layer | None = None) -> dict[str, str | None]:
    return {"text": equation.text, "latex": equation.latex, "matrix": matrix_form(equation, layer)}
