"""Nielsen's four equations, for layer l of a network of any depth, for one example and for a batch.

The argument is an induction from the last layer back. BP1 gives the error of the last layer; BP2 gives the error of
layer l from that of layer l + 1; BP3 and BP4 read the gradient of layer l off its error. Each is derived for a layer
whose neighbours have any sizes, so depth does not enter.

Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 2, eq. BP1-BP4.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass

from derivations.backward import Derivation, derive
from derivations.layer import DerivationError, Equation
from derivations.notation import layer
from derivations.proof import Proof
from derivations.render.json import as_json
from derivations.render.markdown import markdown
from derivations.render.numpy_source import matrix_form
from derivations.render.page import page
from derivations.render.unicode import unicode

SUMMARY = "Nielsen's four equations for layer l of a network of any depth"
SOURCE = "Nielsen (2015), Neural Networks and Deep Learning, ch. 2, BP1-BP4"

LAST = layer(
    "the last layer, one example",
    "The cost C depends on the activations a of the last layer; da is its gradient with respect to them.",
    tensors="a_prev[K]  w[J, K]  b[J]  z[J]  a[J]",
    equations="""
        z[j] = sum[k](w[j, k]*a_prev[k]) + b[j]
        a[j] = sigma(z[j])
    """,
    claims="dz[j] = da[j]*sigma_prime(z[j])    # BP1",
    source=SOURCE,
)

HIDDEN = layer(
    "layer l, one example",
    "What layer l sends on is weighted by layer l + 1, whose error dz_next is known.",
    tensors="a_prev[K]  w[J, K]  b[J]  z[J]  a[J]  w_next[I, J]  b_next[I]  z_next[I]",
    equations="""
        z[j] = sum[k](w[j, k]*a_prev[k]) + b[j]
        a[j] = sigma(z[j])
        z_next[i] = sum[j](w_next[i, j]*a[j]) + b_next[i]
    """,
    claims="""
        dz[j] = sum[i](w_next[i, j]*dz_next[i])*sigma_prime(z[j])    # BP2
        db[j] = dz[j]                                                # BP3
        dw[j, k] = dz[j]*a_prev[k]                                   # BP4
    """,
    source=SOURCE,
)

LAST_COLUMNS = layer(
    "the last layer, a batch in columns",
    "Nielsen's matrices: one example a column.",
    tensors="a_prev[K, N]  w[J, K]  b[J]  z[J, N]  a[J, N]",
    equations="""
        z[j, n] = sum[k](w[j, k]*a_prev[k, n]) + b[j]
        a[j, n] = sigma(z[j, n])
    """,
    claims="dz[j, n] = da[j, n]*sigma_prime(z[j, n])    # BP1",
    source=SOURCE,
)

HIDDEN_COLUMNS = layer(
    "layer l, a batch in columns",
    "Nielsen's matrices: one example a column; the weights' gradients add up over them.",
    tensors="a_prev[K, N]  w[J, K]  b[J]  z[J, N]  a[J, N]  w_next[I, J]  b_next[I]  z_next[I, N]",
    equations="""
        z[j, n] = sum[k](w[j, k]*a_prev[k, n]) + b[j]
        a[j, n] = sigma(z[j, n])
        z_next[i, n] = sum[j](w_next[i, j]*a[j, n]) + b_next[i]
    """,
    claims="""
        dz[j, n] = sum[i](w_next[i, j]*dz_next[i, n])*sigma_prime(z[j, n])    # BP2
        db[j] = sum[n](dz[j, n])                                             # BP3
        dw[j, k] = sum[n](dz[j, n]*a_prev[k, n])                             # BP4
    """,
    source=SOURCE,
)

LAST_ROWS = layer(
    "the last layer, a batch in rows",
    "Our matrices: one example a row; dA is the gradient of the cost of the whole batch.",
    tensors="A_prev[N, K]  W[K, J]  b[J]  Z[N, J]  A[N, J]",
    equations="""
        Z[n, j] = sum[k](A_prev[n, k]*W[k, j]) + b[j]
        A[n, j] = sigma(Z[n, j])
    """,
    claims="dZ[n, j] = dA[n, j]*sigma_prime(Z[n, j])    # BP1",
    source=SOURCE,
)

HIDDEN_ROWS = layer(
    "layer l, a batch in rows",
    "Our matrices: one example a row; the weights' gradients add up over them.",
    tensors="A_prev[N, K]  W[K, J]  b[J]  Z[N, J]  A[N, J]  W_next[J, I]  b_next[I]  Z_next[N, I]",
    equations="""
        Z[n, j] = sum[k](A_prev[n, k]*W[k, j]) + b[j]
        A[n, j] = sigma(Z[n, j])
        Z_next[n, i] = sum[j](A[n, j]*W_next[j, i]) + b_next[i]
    """,
    claims="""
        dZ[n, j] = sum[i](dZ_next[n, i]*W_next[j, i])*sigma_prime(Z[n, j])    # BP2
        db[j] = sum[n](dZ[n, j])                                             # BP3
        dW[k, j] = sum[n](A_prev[n, k]*dZ[n, j])                             # BP4
    """,
    source=SOURCE,
)

PARTS = (LAST, HIDDEN, LAST_COLUMNS, HIDDEN_COLUMNS, LAST_ROWS, HIDDEN_ROWS)


@dataclass(frozen=True)
class Row:
    """One of the four equations: its name, in Nielsen's notation, in our matrices and entry by entry, and its proof."""

    name: str
    nielsen: str
    matrix: str
    text: str
    proof: str

    @property
    def latex(self) -> str:
        """Nielsen's notation in LaTeX."""
        return nielsen_latex(self.nielsen)


def four_equations(*, batch: bool) -> list[Row]:
    """BP1 to BP4 as they were derived; for a batch Nielsen's matrices hold one example a column, ours one a row."""
    ours, his = ((LAST_ROWS, HIDDEN_ROWS), (LAST_COLUMNS, HIDDEN_COLUMNS)) if batch else ((LAST, HIDDEN),) * 2
    pairs = [(o, h, claim.label) for o, h in zip(ours, his, strict=True) for claim in o.claims]
    return [_row(derive(our), derive(his), label) for our, his, label in pairs]


def _row(ours: Derivation, his: Derivation, label: str) -> Row:
    equation, proof = _labelled(ours, label)
    columns, proof_in_columns = _labelled(his, label)
    return Row(
        label,
        nielsen(matrix_equation(columns), last=label == "BP1"),
        matrix_equation(equation),
        f"{unicode(equation.lhs)} = {unicode(equation.rhs, equation.indices)}",
        proof.verdict if proof.verdict == proof_in_columns.verdict else f"{proof.verdict}, {proof_in_columns.verdict}",
    )


def _labelled(derivation: Derivation, label: str) -> tuple[Equation, Proof]:
    claim, proof = next((c, p) for c, p in derivation.claims if c.label == label)
    found = (*derivation.cotangents.values(), *derivation.intermediate_cotangents.values())
    return next(equation for equation in found if equation.name == claim.name), proof


def matrix_equation(equation: Equation) -> str:
    """`dW = X.T @ dY`.

    Raises DerivationError where an equation has no matrix form.
    """
    matrix = matrix_form(equation)
    if matrix is None:
        raise DerivationError(f"{equation.text} has no matrix form")
    return f"{equation.name} = {matrix}"


_NAMES = {
    "dz_next": "δˡ⁺¹",
    "w_next": "wˡ⁺¹",
    "a_prev": "aˡ⁻¹",
    "dz": "δˡ",
    "dw": "∂C/∂wˡ",
    "db": "∂C/∂bˡ",
    "da": "∇ₐC",
    "z": "zˡ",
}
_RAISED = str.maketrans("ˡᴸ⁺⁻¹ᵀ", "lL+-1T")


def nielsen(words: str, *, last: bool = False) -> str:
    """An equation in matrix form, in Nielsen's notation: δ for the error, ⊙ for the entrywise product, ᵀ."""
    left, _, right = words.partition(" = ")
    right = re.sub(r"np\.outer\((\w+), (\w+)\)", r"\1 @ \2.T", right)
    right = re.sub(r"(\w+)\.sum\(axis=1\)", r"\1 @ 1", right)
    factors = sorted(right.split(" * "), key=lambda factor: factor.startswith("sigma_prime"))
    right = " ⊙ ".join(f"({f})" if "@" in f and len(factors) > 1 and f[0] != "(" else f for f in factors)
    text = re.sub(r"sigma_prime\((\w+)\)", r"σ′(\1)", f"{left} = {right}")
    text = re.sub(r"(\w+)\.T\b", r"(\1)ᵀ", text).replace(" @ ", " ")
    text = re.sub(r"[A-Za-z_]\w*", lambda match: _NAMES.get(match[0], match[0]), text)
    return text.replace("ˡ", "ᴸ").replace("∂bᴸ", "∂bˡ") if last else text


def nielsen_latex(text: str) -> str:
    """Nielsen's notation in LaTeX."""
    for old, new in {"δ": r"\delta", "⊙": r"\odot", "σ′": r"\sigma'", "∇ₐC": r"\nabla_a C"}.items():
        text = text.replace(old, new)
    text = re.sub(r"[ˡᴸ⁺⁻¹ᵀ]+", lambda match: f"^{{{match[0].translate(_RAISED)}}}", text)
    return re.sub(r"∂C/∂(\w\^\{l\})", r"\\frac{\\partial C}{\\partial \1}", text)


def network_page(format: str = "text", *, steps: bool = True, width: int = 80) -> str:
    """The four equations, in Nielsen's notation and in ours, then the derivations they come from.

    Raises DerivationError for a format that it cannot be written in.
    """
    if format == "json":
        return json.dumps(network_json(), indent=2, ensure_ascii=False)
    if format == "text":
        return _text(steps, width)
    if format == "markdown":
        return _markdown(steps)
    if format == "latex":
        return _latex()
    raise DerivationError("the network stands for any activation: there is no NumPy source for it")


def network_json() -> dict:
    """The four equations and their derivations as a JSON-ready dictionary."""
    return {
        "layer": "network",
        "summary": SUMMARY,
        "source": SOURCE,
        "one_example": [{**vars(row), "latex": row.latex} for row in four_equations(batch=False)],
        "batch": [{**vars(row), "latex": row.latex} for row in four_equations(batch=True)],
        "derivations": [as_json(derive(part)) for part in PARTS],
    }


_INDUCTION = (
    "BP1 gives the error of the last layer L. BP2 gives the error of layer l from that of layer l + 1, whatever their "
    "sizes. So the errors of all layers follow, back to the first, however deep the network is; BP3 and BP4 read the "
    "gradient of each layer off its error."
)
_ROWS_AND_COLUMNS = (
    "His matrices hold one example a column, ours one a row; 1 is a column of ones, one for each example."
)


def _text(steps: bool, width: int) -> str:
    lines = ["network   Nielsen's four equations for layer l of a network of any depth", f"          {SOURCE}"]
    lines = [line for long in lines for line in textwrap.wrap(long, width, subsequent_indent=" " * 10)]
    for title, batch in (("one example", False), ("a batch", True)):
        lines += ["", f"  {title}"]
        if batch:
            lines += textwrap.wrap(_ROWS_AND_COLUMNS, width, initial_indent="  ", subsequent_indent="  ")
        lines += four_lines(width, batch=batch)
    lines += ["", *textwrap.wrap(_INDUCTION, width, initial_indent="  ", subsequent_indent="  ")]
    for part in PARTS if steps else ():
        lines += ["", "-" * min(width, 80), page(derive(part), steps=True, width=width)]
    return "\n".join(lines)


def four_lines(width: int, *, batch: bool) -> list[str]:
    """BP1 to BP4 for a terminal: Nielsen's notation, our matrices, and entry by entry."""
    lines = []
    for row in four_equations(batch=batch):
        his = f"  {row.name}  {row.nielsen}"
        if width >= 120:
            lines.append(f"{his:<44}  {row.matrix:<46}  {row.text}".rstrip())
        else:
            lines += [his, f"         ours  {row.matrix}", f"               {row.text}"]
    return lines


def _markdown(steps: bool) -> str:
    lines = ["# network", "", f"{SUMMARY}.", ""]
    for title, batch in (("One example", False), ("A batch", True)):
        lines += [f"## {title}", ""] + ([_ROWS_AND_COLUMNS, ""] if batch else [])
        lines += ["| | Nielsen | ours | entry by entry |", "|---|---|---|---|"]
        rows = four_equations(batch=batch)
        lines += [f"| {r.name} | ${r.latex}$ | `{r.matrix}` | `{r.text}` |" for r in rows] + [""]
    lines += [_INDUCTION, ""]
    if steps:
        lines += [re.sub(r"^#", "##", markdown(derive(part)), flags=re.MULTILINE) for part in PARTS]
    return "\n".join([*lines, f"Source: {SOURCE}", ""])


def _latex() -> str:
    lines = [
        r"\documentclass{article}",
        r"\usepackage{amsmath, amssymb}",
        r"\begin{document}",
        rf"\section*{{{SUMMARY}}}",
    ]
    for title, batch in (("One example", False), ("A batch", True)):
        lines += [rf"\subsection*{{{title}}}"] + ([_ROWS_AND_COLUMNS] if batch else []) + [r"\begin{align*}"]
        rows = four_equations(batch=batch)
        lines += [rf"{row.latex.replace('=', '&=', 1)} && \text{{({row.name})}} \\" for row in rows]
        lines += [r"\end{align*}"]
    return "\n".join([*lines, _INDUCTION, r"\end{document}", ""])
