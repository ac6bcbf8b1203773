"""Hypothesis strategies: layers in the notation, drawn at random, as the text that a user would type."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hypothesis import strategies as st

LETTERS = {"N": "ni", "D": "dk", "M": "mj"}
SIZES = tuple(LETTERS)
FUNCTIONS = (
    "tanh({0})",
    "sigmoid({0})",
    "sin({0})",
    "cos({0})",
    "erf({0})",
    "exp(-({0})**2)",
    "log(1 + ({0})**2)",
    "sqrt(1 + ({0})**2)",
    "1/(2 + ({0})**2)",
    "({0})**2",
    "-({0})",
)
KINKED = ("abs({0})", "maximum({0}, {1})", "minimum({1}, {0})", "where({0} > {1}, {0}, 2*{1})", "[{0} > {1}]*({0})")
RATIONAL = ("({0})**2", "-({0})", "1/(2 + ({0})**2)")
POLYNOMIAL = ("({0})**2", "-({0})")


@dataclass(frozen=True)
class Palette:
    """What may be drawn: tensors by name with their sizes, functions of one or two expressions, kinds of indices."""

    tensors: tuple[tuple[str, tuple[str, ...]], ...]
    functions: tuple[str, ...] = FUNCTIONS + KINKED
    labels: bool = True
    odd_indices: bool = True
    windows: bool = True

    def with_tensor(self, name: str, sizes: tuple[str, ...]) -> Palette:
        """The same, with one tensor more."""
        return replace(self, tensors=(*self.tensors, (name, sizes)))


INPUTS = (("X", ("N", "D")), ("W", ("D", "M")), ("V", ("N",)), ("b", ("M",)), ("a", ()), ("S", ("D", "D")))
PALETTE = Palette(INPUTS)
SMOOTH = Palette(INPUTS, functions=FUNCTIONS, windows=False)
RATIONALS = Palette(INPUTS, functions=RATIONAL, windows=False)
POLYNOMIALS = Palette(INPUTS, functions=POLYNOMIAL, windows=False, odd_indices=False)
DECLARED = "X[N, D]  W[D, M]  V[N]  b[M]  a  S[D, D]  T[N] in 0..D-1"


@st.composite
def indices(draw, size: str, scope: dict[str, str], palette: Palette) -> str | None:
    """An index of the given size made of the letters in scope (letter -> size); None where there is none."""
    plain = [letter for letter, of in scope.items() if of == size]
    choices = [*plain] * 4
    if palette.odd_indices:
        choices += [form.format(letter) for letter in plain for form in ("{} + 1", "{} - 1", "{}//2", "{}%2", "2*{}")]
        choices += [f"{letter} - {other}" for letter in plain for other in plain if letter != other]
    if palette.labels and size == "D":
        choices += [f"T[{letter}]" for letter, of in scope.items() if of == "N"] * 2
    return draw(st.sampled_from(choices)) if choices else None


@st.composite
def entries(draw, scope: dict[str, str], palette: Palette) -> str:
    """An entry of some tensor at indices in scope, or a small number."""
    name, sizes = draw(st.sampled_from(palette.tensors))
    found = [draw(indices(size, scope, palette)) for size in sizes]
    if None in found:
        return draw(st.sampled_from(("1", "2", "1/3", "0.5", "a")))
    return f"{name}[{', '.join(found)}]" if sizes else name


@st.composite
def reductions(draw, scope: dict[str, str], depth: int, palette: Palette) -> str:
    """A sum, a mean or a maximum over one index; something in it runs over the index as it is."""
    free = [(size, letter) for size in SIZES for letter in LETTERS[size] if letter not in scope]
    whole = [(s, c) for s, c in free if any(s in sizes for _, sizes in palette.tensors)]
    if not whole:
        return draw(entries(scope, palette))
    size, letter = draw(st.sampled_from(whole))
    inner = {**scope, letter: size}
    reachable = [
        (name, sizes)
        for name, sizes in palette.tensors
        if size in sizes and all(any(of == s for of in inner.values()) for s in sizes)
    ]
    if not reachable:
        return draw(entries(scope, palette))
    name, sizes = draw(st.sampled_from(reachable))
    place = draw(st.sampled_from([k for k, s in enumerate(sizes) if s == size]))
    letters = [
        letter if k == place else draw(st.sampled_from([c for c, of in inner.items() if of == s]))
        for k, s in enumerate(sizes)
    ]
    kind = draw(st.sampled_from(("sum", "sum", "mean", "max") if palette.windows else ("sum", "sum", "mean")))
    rest = draw(expressions(inner, depth - 1, palette))
    joined = draw(st.sampled_from(("{0}*({1})", "({1})*{0}", "{0} + {1}", "{1} - {0}")))
    whole = f"{name}[{', '.join(letters)}]"
    return f"{kind}[{letter}]({joined.format(whole, rest)})"


@st.composite
def masks(draw, scope: dict[str, str]) -> str:
    """A bracket that compares two indices, or an index with a number."""
    letters = sorted(scope)
    left = draw(st.sampled_from(letters))
    right = draw(st.sampled_from([*letters, "0", "1"]))
    operator = draw(st.sampled_from(("<", "<=", "==", "!=", ">=", ">")))
    return f"[{left} {operator} {right}]"


@st.composite
def expressions(draw, scope: dict[str, str], depth: int, palette: Palette) -> str:
    """An expression in the letters in scope (letter -> size)."""
    if depth <= 0:
        return draw(entries(scope, palette))
    kinds = ["sum of terms", "product", "function", "function", "reduction", "reduction", "entry"]
    kind = draw(st.sampled_from([*kinds, "mask"] if scope and palette.odd_indices else kinds))
    if kind == "entry":
        return draw(entries(scope, palette))
    if kind == "reduction":
        return draw(reductions(scope, depth, palette))
    if kind == "mask":
        return f"{draw(masks(scope))}*({draw(expressions(scope, depth - 1, palette))})"
    parts = [draw(expressions(scope, depth - 1, palette)) for _ in range(2)]
    if kind == "function":
        return draw(st.sampled_from(palette.functions)).format(*parts)
    if kind == "product":
        return draw(st.sampled_from(("({0})*({1})", "({0})*({1})/3"))).format(*parts)
    return draw(st.sampled_from(("{0} + {1}", "{0} - ({1})"))).format(*parts)


@st.composite
def right_sides(draw, palette: Palette = PALETTE, depth: int = 2) -> tuple[tuple[str, ...], str]:
    """The sizes of an output, and an expression for its entries."""
    sizes = draw(st.sampled_from(((), ("N",), ("D",), ("N", "D"), ("M", "N"), ("D", "M"))))
    scope = {LETTERS[size][0]: size for size in sizes}
    return sizes, draw(expressions(scope, depth, palette))


def left_side(name: str, sizes: tuple[str, ...]) -> str:
    """`Y[n, d]`."""
    return f"{name}[{', '.join(LETTERS[size][0] for size in sizes)}]" if sizes else name


def declaration(name: str, sizes: tuple[str, ...]) -> str:
    """`Y[N, D]`."""
    return f"{name}[{', '.join(sizes)}]" if sizes else name


@st.composite
def layers(draw, palette: Palette = PALETTE, depth: int = 2) -> str:
    """A layer of one to three equations, each of which may use those before it."""
    declared, equations = [DECLARED], []
    for name in draw(st.sampled_from((("Y",), ("A", "Y"), ("A", "B", "Y")))):
        sizes, right = draw(right_sides(palette, depth))
        declared.append(declaration(name, sizes))
        equations.append(f"{left_side(name, sizes)} = {right}")
        palette = palette.with_tensor(name, sizes)
    return "\n".join(["  ".join(declared), *equations])


GATES = ("tanh({0})", "sigmoid({0})", "sin({0})", "({0})/(2 + ({0})**2)")
READ = ("h[t-1, n]*u[n]", "sum[m](h[t-1, m]*U[m, n])", "h[t-1, n]", "c[t-1, n]", "h[t-2, n]")


@st.composite
def recurrences(draw) -> str:
    """A recurrence of one or two states, forwards in time, the first or the second axis, with or without starts."""
    both = draw(st.booleans())
    reads = [read for read in READ if both or "c[" not in read]
    equations = []
    if both:
        state = draw(st.sampled_from(("c[t-1, n]", "h[t-1, n]*c[t-1, n]", "c[t-1, n]*x[t, n]")))
        equations.append(f"c[t, n] = {state}*sigmoid(x[t, n]) + {draw(st.sampled_from(reads))}")
    gate = draw(st.sampled_from(GATES))
    here = draw(st.sampled_from(("x[t, n]", "x[t, n]*u[n]", "x[t, n] + c[t, n]" if both else "2*x[t, n]")))
    equations.append(f"h[t, n] = {gate.format(f'{here} + {draw(st.sampled_from(reads))}')}")
    if draw(st.booleans()) and any("h[t-1" in equation for equation in equations):
        equations.append("h[-1, n] = h0[n]")
    if draw(st.booleans()):
        equations = [f"{e} + h[t-2, n]*u[n]" if e.startswith("h[t, n]") else e for e in equations]
        equations += ["h[-2, n] = 2*h0[n]"] if draw(st.booleans()) else []
    declared = "x[T, N]  u[N]  U[N, N]  h0[N]" + ("  c[T, N]" if both else "")
    text = "\n".join([f"{declared}  h[T, N]", *equations])
    return text if draw(st.booleans()) else _TIME_FIRST.sub(r"[\2, \1]", text)


_TIME_FIRST = re.compile(r"\[(T|t|t-[12]|-[12]), (\w)\]")


CONVOLUTIONS = (
    "X[N, H, W, C]  K[R, S, C, F]  Y[N, P, Q, F]\n"
    "P = (H + 2*pad - R)//stride + 1\nQ = (W + 2*pad - S)//stride + 1\n"
    "Y[n, p, q, f] = sum[r, s, c](X[n, stride*p + r - pad, stride*q + s - pad, c]*K[r, s, c, f])",
    "X[H, C]  K[R, C]  Y[P, C]\nP = (H - dilation*(R - 1) - 1)//stride + 1\n"
    "Y[p, c] = sum[r](X[stride*p + dilation*r, c]*K[r, c])",
    "X[H]  K[R]  Y[P]\nP = (H + 2*pad - R)//stride + 1\nY[p] = max[r](X[stride*p + r - pad] + K[r])",
    "X[N, D]  Y[N, D]\ng in 1..3\nY[n, d] = X[n, d]*sum[k]([d//g == k//g]*X[n, k])",
    "X[N, D]  Y[N, D]\nshift in -2..2\nY[n, d] = X[n + shift, d]**2",
)


MISTAKES = (
    (r"\+", "-"),
    (r"(?<!\[)-", "+"),
    (r"\b2\b", "3"),
    (r"\b3\b", "1"),
    (r"\*\*2", ""),
    (r"X\[([^\]]*)\]", "(X[{0}] + 1)"),
    (r"sum\[", "mean["),
    (r"V\[n\]", "V[n + 1]"),
    (r"V\[i\]", "V[n]"),
    (r"S\[(\w+), (\w+)\]", "S[{1}, {0}]"),
    (r"W\[d, m\]", "W[m, d]"),
    (r"T\[n\]", "n"),
    (r"//2", "%2"),
    (r"tanh", "sin"),
    (r"sigmoid", "tanh"),
    (r">", ">="),
    (r"==", "<="),
    (r"<", "<="),
    (r"a\b", "1"),
    (r"\bk\b", "d"),
    (r"\bi\b", "n"),
)


@st.composite
def mistaken(draw, text: str) -> str:
    """The text with one slip of the pen; perhaps none, where there is nothing to slip on."""
    pattern, wrong = draw(st.sampled_from([m for m in MISTAKES if re.search(m[0], text)] or [("$", "")]))
    found = draw(st.sampled_from(list(re.finditer(pattern, text))))
    return text[: found.start()] + wrong.format(*found.groups()) + text[found.end() :]


EQUIVALENCES = (
    ("({a})*(({b}) + ({c}))", "({c})*({a}) + ({a})*({b})"),
    ("(({a}) + ({b}))**2", "({a})**2 + 2*({a})*({b}) + ({b})**2"),
    ("({a}) - ({b})", "-(({b}) - ({a}))"),
    ("({a})/(2 + ({b})**2)", "({a})*(1 + ({b})**2)/((2 + ({b})**2)*(1 + ({b})**2))"),
    ("({a})/(2 + ({b})**2) + ({c})", "(({a}) + 2*({c}) + ({c})*({b})**2)/(({b})**2 + 2)"),
    ("exp(-({a})**2 - ({b})**2)", "exp(-({a})**2)*exp(-({b})**2)"),
    ("sigmoid({a})", "1/(1 + exp(-({a})))"),
    ("tanh({a})", "1 - 2/(1 + exp(2*({a})))"),
    ("1 - sigmoid({a})", "sigmoid(-({a}))"),
    ("log(1 + ({a})**2)", "-log(1/(1 + ({a})**2))"),
    ("1 + ({a})**2", "sqrt(1 + ({a})**2)**2"),
    ("1/sqrt(1 + ({a})**2)", "sqrt(1 + ({a})**2)/(1 + ({a})**2)"),
    ("sin({a})**2", "1 - cos(-({a}))**2"),
    ("maximum({a}, {b})", "where({a} >= {b}, {a}, {b})"),
    ("maximum({a}, {b}) + minimum({a}, {b})", "({a}) + ({b})"),
    ("abs({a})", "maximum({a}, -({a}))"),
    ("sum[i](V[i]*({a}))", "({a})*sum[l](V[l])"),
    ("sum[i](V[i] + ({a}))", "sum[i](V[i]) + N*({a})"),
    ("mean[i](V[i])*({a})", "sum[i](V[i]*({a}))/N"),
    ("sum[i](sum[k](X[i, k]*({a})))", "({a})*sum[k, i](X[i, k])"),
    ("sum[i](V[i])**2*({a})", "sum[i](sum[l](V[l]*V[i]*({a})))"),
    ("sum[i](V[i]*[i = n])*({a})", "V[n]*({a})"),
    ("sum[i](V[i + 1])*({a})", "(sum[l](V[l]) - V[0])*({a})"),
    ("sum[i]([i <= n]*V[i])", "sum[i](V[i]) - sum[i]([i > n]*V[i])"),
    ("sum[i](V[i]*({a}))/(1 + ({b})**2)", "sum[i](V[i]*({a})/(1 + ({b})**2))"),
)
SCOPE = {"n": "N", "d": "D", "m": "M"}


@st.composite
def equal_pairs(draw, palette: Palette = SMOOTH) -> tuple[str, str]:
    """Two ways to write the same, for the free indices n, d and m."""
    parts = {name: draw(expressions(SCOPE, 1, palette)) for name in "abc"}
    left, right = draw(st.sampled_from(EQUIVALENCES))
    return left.format(**parts), right.format(**parts)
