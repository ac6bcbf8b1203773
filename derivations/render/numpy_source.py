"""Derivations as NumPy source: `forward(...)` and `backward(...)`, readable, and without our own library.

Every index becomes an axis. Products summed over a shared index become `@` where they can, `einsum` where they must;
strided, padded and gathered entries become integer indexing; a recurrence becomes a loop.
"""

from __future__ import annotations

import keyword
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sympy as sp

from derivations.backward import Derivation
from derivations.calculus import is_partial, name_bounds
from derivations.expressions import (
    INDICATORS,
    Bracket,
    Elementary,
    MaxOver,
    Where,
    entry_indices,
    entry_name,
    floordiv,
    maximum,
    minimum,
    modulo,
    walk,
)
from derivations.layer import DerivationError, Equation, Layer
from derivations.render.printer import is_long_decimal
from derivations.render.wrapping import wrapped
from derivations.schedule import components, schedule

if TYPE_CHECKING:
    from derivations.hessian import SecondOrder

Axes = tuple[str, ...]
ADD, MULTIPLY, UNARY, POWER, ATOM = range(5)
_WIDTH = 92  # columns of a docstring


@dataclass(frozen=True)
class Code:
    """A piece of source, the axes of the array that it makes, in order, and how tightly it holds together."""

    text: str
    axes: Axes = ()
    tightness: int = ATOM
    boolean: bool = False

    @property
    def number(self) -> Code:
        """The same as numbers: NumPy neither adds nor negates booleans, and rounds functions of them to 16 bits."""
        return Code(f"1.0 * {self.within(POWER)}", self.axes, MULTIPLY) if self.boolean else self

    def within(self, tightness: int) -> str:
        """The text, in brackets where it holds together less tightly than asked."""
        return self.text if self.tightness >= tightness else f"({self.text})"


def numpy_source(derivation: Derivation) -> str:
    """Source of a module with `forward` and `backward`, in NumPy alone (and SciPy's erf, where it is needed)."""
    layer, writer = derivation.layer, _Writer(derivation.layer)
    return _module(layer, [(writer, part) for part in _forward_and_backward(derivation, writer)])


def second_order_source(second: SecondOrder) -> str:
    """The same with `hessian_vector_product`, which takes the direction (vX) before all else."""
    first, writer, whole = second.first, _Writer(second.layer), _Writer(second.whole)
    given = [*(tensor.name for tensor in second.directions), *first.output_cotangents, *_parameters(second.layer)]
    products = [*second.rates.values(), *second.products.values()]
    product = _function(whole, "hessian_vector_product", given, second.equations, products, _named(second.products))
    parts = [(writer, part) for part in _forward_and_backward(first, writer)]
    return _module(second.layer, [*parts, (whole, product)])


def _forward_and_backward(derivation: Derivation, writer: _Writer) -> list[list[str]]:
    layer, parameters = derivation.layer, _parameters(derivation.layer)
    outputs = {name: _safe(name) for name in layer.output_names}
    cotangents = [*derivation.intermediate_cotangents.values(), *derivation.cotangents.values()]
    equations, given = [*layer.equations, *cotangents], [*derivation.output_cotangents, *parameters]
    return [
        _function(
            writer, "forward", parameters, layer.equations, layer.equations, outputs, ", ".join(outputs.values())
        ),
        _function(writer, "backward", given, equations, cotangents, _named(derivation.cotangents)),
    ]


def _parameters(layer: Layer) -> list[str]:
    extra = [name for name in layer.size_names if not _readable(layer, name)]
    return [*(t.name for t in layer.inputs), *(option.name for option in layer.options), *extra]


def _named(equations: Mapping[str, Equation]) -> dict[str, str]:
    return {equation.name: f'"{name}": {_safe(equation.name)}' for name, equation in equations.items()}


def _function(
    writer: _Writer,
    name: str,
    parameters: Sequence[str],
    equations: Sequence[Equation],
    told: Sequence[Equation],
    wanted: Mapping[str, str],
    returned: str = "",
) -> list[str]:
    """A function that computes the wanted tensors by these equations, and tells some of them in its docstring."""
    body = writer.body(_needed(equations, set(wanted)))
    return [
        f"def {name}({', '.join(_safe(p) for p in parameters)}):",
        *_docstring(told),
        *body,
        f"    return {returned or '{' + ', '.join(wanted.values()) + '}'}",
    ]


def _module(layer: Layer, functions: Sequence[tuple[_Writer, list[str]]]) -> str:
    lines = [
        f'"""{layer.name}: {layer.summary or "derived from its equations"}"""'.replace('.."""', '."""'),
        "",
        "import numpy as np",
        *(["from scipy.special import erf"] if any(writer.uses_erf for writer, _ in functions) else []),
    ]
    for writer, function in functions:
        lines += ["", "", *writer.guard, *function]
    return "\n".join(lines) + "\n"


def _docstring(equations: Sequence[Equation]) -> list[str]:
    """One equation a line."""
    first, *rest = [line for equation in equations for line in wrapped(equation.text, "", _WIDTH, 4)]
    if not rest:
        return [f'    """{first}"""']
    return [f'    """{first}', *(f"    {line}" for line in rest), '    """']


def matrix_form(equation: Equation, layer: Layer | None = None) -> str | None:
    """`X.T @ dY`: an equation in whole matrices; None where it needs more than products, sums and functions of them.

    None also where an index of the left side is missing on the right, whose shape would be another one; and, with its
    layer, where an index runs over a part of a tensor's axis, as in the gates of an LSTM.
    """
    if not {*equation.indices} <= equation.rhs.free_symbols:
        return None
    if layer is not None and _reads_parts(equation, layer):
        return None
    writer = _Writer(None)
    writer.ranges = {i.name: high + 1 for i, (_, high) in equation.ranges.items()}
    try:
        code = writer.aligned(equation.rhs, tuple(i.name for i in equation.indices))
    except DerivationError:
        return None
    return None if writer.uses_indices or "einsum" in code.text or "None" in code.text else code.text


def _reads_parts(equation: Equation, layer: Layer) -> bool:
    """Whether an index by itself runs over less than the axis that it stands on."""
    ranges = dict(equation.ranges)
    for node in walk(equation.rhs):
        if isinstance(node, sp.Sum):
            ranges |= {index: (low, high) for index, low, high in node.limits}
    return any(
        index in ranges and sp.expand(ranges[index][1] + 1 - size) != 0
        for node in walk(equation.rhs)
        if isinstance(node, sp.Indexed)
        for tensor in [layer.by_name.get(node.base.name) or layer.by_name.get(node.base.name.removeprefix("d"))]
        if tensor is not None
        for index, size in zip(node.indices, tensor.sizes, strict=True)
    )


def _needed(equations: Sequence[Equation], wanted: set[str]) -> list[Equation]:
    """The equations that the wanted tensors need, in the order of the given ones."""
    by_name = {equation.name: equation for equation in equations}
    reached: set[str] = set()
    todo = list(wanted)
    while todo:
        name = todo.pop()
        if name in by_name and name not in reached:
            reached.add(name)
            todo += [n for n in _names(by_name[name].rhs) if n in by_name]
    return [equation for equation in equations if equation.name in reached]


def _names(expression: sp.Basic) -> set[str]:
    return {entry_name(node) for node in walk(expression) if isinstance(node, sp.Indexed | sp.Symbol)}


def _readable(layer: Layer, size: str) -> bool:
    """Whether a size can be read off the shape of an input, as it stands there or from a formula such as 2*D."""
    return any({symbol.name for symbol in s.free_symbols} == {size} for tensor in layer.inputs for s in tensor.sizes)


_TAKEN = frozenset({"np", "erf", "min", "max", "range", "reversed", "forward", "backward"})


def _safe(name: str) -> str:
    """A name that means nothing else in the source."""
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


class _Writer:
    """Writes expressions; remembers which index arrays, temporary names and functions they need."""

    def __init__(self, layer: Layer | None) -> None:
        self.layer = layer
        self.uses_erf = False
        self.uses_indices = False
        self.divides_in_vain = False
        self.arrays: dict[str, str] = {}
        self.before: list[str] = []
        self.windows: dict[str, str] = {}
        self.ranges: dict[str, sp.Expr] = {}
        self.steps: set[str] = set()
        self.shapes: dict[str, tuple[sp.Expr, ...]] = {}
        self.taken: set[str] = set()
        if layer is not None:
            self.shapes = {t.name: t.sizes for t in layer.tensors}
            self.shapes |= {f"d{t.name}{end}": t.sizes for t in layer.tensors for end in ("", "_total")}
            self.taken = {*self.shapes, *layer.size_names, *(option.name for option in layer.options)}

    @property
    def guard(self) -> list[str]:
        """What keeps NumPy quiet about a branch that is not taken."""
        return ['@np.errstate(divide="ignore", invalid="ignore")'] if self.divides_in_vain else []

    # statements

    def body(self, equations: Sequence[Equation]) -> list[str]:
        """The statements that compute equations, sizes and index arrays first."""
        self.arrays = {}
        statements: list[str] = []
        groups = schedule(equations)
        self.steps = {str(entry_indices(e.lhs)[g.axis]) for g in groups if g.axis is not None for e in g.equations}
        for group in groups:
            if group.axis is None:
                for equation in group.equations:
                    statements += self._assignment(equation)
            else:
                statements += self._loop(group)
        used = "\n".join([*statements, *self.arrays.values()])
        arrays = [f"{name} = np.arange({size})" for name, size in self.arrays.items()]
        return [f"    {line}" for line in [*self._sizes("\n".join([used, *arrays])), *arrays, *statements]]

    def _assignment(self, equation: Equation) -> list[str]:
        axes = tuple(i.name for i in entry_indices(equation.lhs))
        code = self._whole(equation.rhs, axes, equation)
        return [*self._before(), f"{_safe(equation.name)} = {code}"]

    def _before(self) -> list[str]:
        """The statements that have to stand before the one that was just written."""
        before, self.before, self.windows = self.before, [], {}
        return before

    def _whole(self, expression: sp.Expr, axes: Axes, equation: Equation) -> str:
        """Source of the whole tensor: broadcast where some axis does not occur."""
        ranges = {i.name: high + 1 for i, (_, high) in equation.ranges.items()}
        self.ranges = dict(ranges)
        code = self.aligned(expression, axes).number
        if code.axes == axes:
            return code.text
        shape = ", ".join(self.size(ranges[name]) for name in axes)
        shape = f"({shape},)" if len(axes) == 1 else f"({shape})"
        if expression == 0:
            return f"np.zeros({shape})"
        return f"np.broadcast_to({self._spread(code, axes).text}, {shape})"

    def _loop(self, group) -> list[str]:
        statements = []
        index = entry_indices(group.equations[0].lhs)[group.axis]
        for equation in group.equations:
            shape = ", ".join(self.size(equation.ranges[i][1] + 1) for i in entry_indices(equation.lhs))
            real = [_safe(t.name) for t in self.layer.inputs if not t.integer]  # type: ignore[union-attr]
            dtype = f", dtype=np.result_type({', '.join(real)})" if real else ""
            statements.append(f"{_safe(equation.name)} = np.zeros(({shape},){dtype})")
        length = self.size(group.equations[0].ranges[index][1] + 1)
        order = f"range({length})" if group.step > 0 else f"reversed(range({length}))"
        statements.append(f"for {index.name} in {order}:")
        for equation in group.equations:
            here = entry_indices(equation.lhs)[group.axis]
            rhs = equation.rhs.xreplace({here: index})
            axes = tuple(i.name for k, i in enumerate(entry_indices(equation.lhs)) if k != group.axis)
            self.ranges = {i.name: high + 1 for i, (_, high) in equation.ranges.items()}
            code = self._spread(self.aligned(rhs, axes), axes)
            place = ", ".join([":"] * group.axis + [index.name])
            statements += [f"    {line}" for line in [*self.before, f"{_safe(equation.name)}[{place}] = {code.text}"]]
            self.before = []
        return statements

    def _sizes(self, used: str) -> list[str]:
        words = set(re.findall(r"[A-Za-z_]\w*", used))
        layer = self.layer
        if layer is None:
            return []
        pending = [size for size in layer.size_definitions if size.name in words]
        for size in pending:
            definition = layer.size_definitions[size]
            words |= {s.name for s in definition.free_symbols}
            pending += [s for s in definition.free_symbols if s in layer.size_definitions and s not in pending]
        lines, known = [], set()
        for tensor in layer.inputs:
            names = [
                s.name if isinstance(s, sp.Symbol) and s not in layer.size_definitions else "_" for s in tensor.sizes
            ]
            fresh = [n if n in words and n not in known else "_" for n in names]
            if any(n != "_" for n in fresh):
                left = ", ".join(fresh) + ("," if len(fresh) == 1 else "")
                lines.append(f"{left} = {_safe(tensor.name)}.shape")
                known |= set(fresh)
        for tensor in layer.inputs:
            for axis, formula in enumerate(tensor.sizes):
                wanted = {s for s in formula.free_symbols if s.name in words} - set(layer.size_definitions)
                if isinstance(formula, sp.Symbol) or len(wanted) != 1 or len(formula.free_symbols) != 1:
                    continue
                (size,) = wanted
                slope = formula.coeff(size)
                if size.name not in known and slope.is_Integer and slope > 0:
                    rest = sp.expand(formula - slope * size)
                    length = f"{_safe(tensor.name)}.shape[{axis}]"
                    shifted = length if rest == 0 else f"({length} - {rest})" if rest > 0 else f"({length} + {-rest})"
                    lines.append(f"{size.name} = {shifted}" + (f" // {slope}" if slope != 1 else ""))
                    known.add(size.name)
        defined = {size.name: layer.size_definitions[size] for size in pending}
        used_by = {name: {symbol.name for symbol in formula.free_symbols} for name, formula in defined.items()}
        needs = {name: [other for other in defined if other in used_by[name]] for name in defined}
        lines += [f"{name} = {self.integer(defined[name], ()).text}" for (name,) in components(needs)]
        return lines

    def size(self, expression: sp.Expr) -> str:
        """A size as source."""
        return self.integer(sp.expand(expression), ()).text

    # arrays

    def aligned(self, expression: sp.Expr, axes: Axes) -> Code:
        """Source of an array whose axes are among `axes`, in their order."""
        expression = name_bounds(expression, frozenset(axes))
        return self.value(expression, axes)

    def _spread(self, code: Code, axes: Axes) -> Code:
        """The same array with an axis of length 1 for each of `axes` that it lacks, as broadcasting needs it."""
        if not code.axes:
            return code
        first = axes.index(code.axes[0])
        if code.axes == axes[first:]:
            return code
        reduced = _REDUCED_LAST.search(code.text) if code.tightness == ATOM else None
        if reduced and axes[first:-1] == code.axes and reduced[2] == str(len(code.axes)):
            return Code(f"{code.text[:-1]}, keepdims=True)", axes[first:], code.tightness)
        slots = ", ".join(":" if name in code.axes else "None" for name in axes[first:])
        return Code(f"{code.within(ATOM)}[{slots}]", axes[first:], boolean=code.boolean)

    def value(self, node: sp.Expr, axes: Axes) -> Code:
        """Source of a real value."""
        if node.is_Rational:
            if is_long_decimal(node):  # the same number: Python rounds either once
                return Code(repr(node.p / node.q), (), UNARY if node < 0 else ATOM)
            text = str(node.p) if node.q == 1 else f"{node.p} / {node.q}"
            return Code(text, (), UNARY if node < 0 else ATOM if node.q == 1 else MULTIPLY)
        if isinstance(node, sp.Indexed):
            return self._entry(node, axes)
        if isinstance(node, sp.Symbol):
            return self.integer(node, axes) if node.name in axes else Code(_safe(node.name))
        if isinstance(node, sp.Add):
            return self._sum_of_terms(node, axes)
        if isinstance(node, sp.Mul):
            return self._product(list(node.args), axes)
        if isinstance(node, sp.Pow):
            return self._power(node, axes)
        if isinstance(node, sp.Sum):
            return self._reduced(node, axes)
        if isinstance(node, INDICATORS):
            return self._indicator(node, axes)
        if isinstance(node, MaxOver):
            names = tuple(index.name for index, _, _ in node.limits)
            window = self._window(node, axes)
            best = Code(f"{window.within(ATOM)}.max({_axis_list(window.axes, names)})", _without(window.axes, names))
            return self._in_order(best, axes)
        if isinstance(node, Where | maximum | minimum):
            return self._choice(node, axes)
        if isinstance(node, Elementary | sp.Abs):
            return self._function(node, axes)
        if node in {sp.oo, -sp.oo}:
            return Code("np.inf") if node is sp.oo else Code("-np.inf", (), UNARY)
        if node is sp.pi:
            return Code("np.pi")
        if node.is_integer:
            return self.integer(node, axes)
        raise DerivationError(f"{node} has no NumPy source")

    def _joined(self, parts: list[Code], axes: Axes) -> tuple[list[Code], Axes]:
        union = tuple(name for name in axes if any(name in part.axes for part in parts))
        return [self._spread(part, union) for part in parts], union

    def _sum_of_terms(self, node: sp.Add, axes: Axes) -> Code:
        from derivations.render.printer import Printer

        order = Printer([sp.Symbol(name, integer=True) for name in axes])
        terms = sorted(node.args, key=lambda t: (t.could_extract_minus_sign(), not t.is_Number, order._entries_key(t)))
        signs = [t.could_extract_minus_sign() for t in terms]
        parts, union = self._joined(
            [self.value(-t if minus else t, axes).number for t, minus in zip(terms, signs, strict=True)], axes
        )
        text = ("-" if signs[0] else "") + parts[0].within(MULTIPLY)
        for part, minus in zip(parts[1:], signs[1:], strict=True):
            text += f" {'-' if minus else '+'} {part.within(MULTIPLY)}"
        return Code(text, union, ADD)

    def _product(self, factors: list[sp.Expr], axes: Axes) -> Code:
        from derivations.render.printer import Printer

        order = Printer([sp.Symbol(name, integer=True) for name in axes])
        apart = order._apart(sp.Mul(*factors))
        conditions = [f for f in factors if isinstance(f, Bracket)]
        if conditions and any(is_partial(f) for f in factors):
            self.divides_in_vain = True
            rest = sp.Mul(*(f for f in factors if f not in conditions))
            states = [self._condition(f.args[0], axes) for f in conditions]
            parts, union = self._joined([*states, self.value(rest, axes)], axes)
            return Code(f"np.where({' & '.join(p.text for p in parts[:-1])}, {parts[-1].text}, 0)", union)
        codes = [self.value(f, axes) for f in apart.above]
        if apart.negative and codes[0].boolean:  # NumPy has no minus of a truth value
            codes[0] = codes[0].number
        if (
            len(codes) == 2
            and all(len(c.axes) == 1 for c in codes)
            and codes[0].axes != codes[1].axes
            and not apart.below
        ):
            sign = "-" if apart.negative else ""
            first, second = sorted(codes, key=lambda code: axes.index(code.axes[0]))
            return Code(f"{sign}np.outer({first.text}, {second.text})", first.axes + second.axes)
        above, union = self._joined(codes, axes)
        text = above[0].within(MULTIPLY if len(above) == 1 or "@" not in above[0].text else ATOM)
        for part in above[1:]:
            text += f" * {part.within(POWER)}"
        code = Code(
            ("-" if apart.negative else "") + text,
            union,
            UNARY if apart.negative and len(above) == 1 else MULTIPLY,
            all(code.boolean for code in codes),
        )
        if len(above) == 1 and not apart.negative:
            code = above[0]
        if apart.below:
            below, _ = self._joined([self.value(f, axes) for f in apart.below], axes)
            bottom = below[0] if len(below) == 1 else Code(" * ".join(p.within(POWER) for p in below), _, MULTIPLY)
            (top, bottom), union = self._joined([code, bottom], axes)
            code = Code(f"{top.within(MULTIPLY)} / {bottom.within(POWER)}", union, MULTIPLY)
        return code

    def _power(self, node: sp.Pow, axes: Axes) -> Code:
        base, exponent = node.args
        if exponent.is_Rational and exponent < 0:
            return self._product([node], axes)
        inner = self.value(base, axes).number
        if exponent == sp.S.Half:
            return Code(f"np.sqrt({inner.text})", inner.axes)
        if base.is_integer and not exponent.is_Rational:  # NumPy knows no negative powers of whole numbers
            inner = Code(f"np.float64({inner.text})", inner.axes)
        (inner, power), union = self._joined([inner, self.value(exponent, axes).number], axes)
        return Code(f"{inner.within(ATOM)} ** {power.within(ATOM)}", union, POWER)

    def _function(self, node: sp.Expr, axes: Axes) -> Code:
        argument = self.value(node.args[0], axes).number
        name = node.func.__name__
        if name == "sigmoid":
            return Code(f"0.5 * (1 + np.tanh(0.5 * {argument.within(POWER)}))", argument.axes, MULTIPLY)
        if name == "erf":
            self.uses_erf = True
            return Code(f"erf({argument.text})", argument.axes)
        name = {"absolute": "abs", "Abs": "abs"}.get(name, name)
        if name in {"sigma", "sigma_prime"}:
            if self.layer is not None:
                raise DerivationError("sigma stands for any activation; there is NumPy source only for named ones")
            return Code(f"{name}({argument.text})", argument.axes)
        return Code(f"np.{name}({argument.text})", argument.axes)

    def _choice(self, node: sp.Expr, axes: Axes) -> Code:
        if isinstance(node, Where):
            self.divides_in_vain |= any(is_partial(part) for part in node.args[1:])
            parts = [self._condition(node.args[0], axes), *(self.value(part, axes).number for part in node.args[1:])]
            parts, union = self._joined(parts, axes)
            return Code(f"np.where({', '.join(part.text for part in parts)})", union)
        parts, union = self._joined([self.value(part, axes).number for part in node.args], axes)
        return Code(f"np.{node.func.__name__}({', '.join(part.text for part in parts)})", union)

    # indices

    def integer(self, node: sp.Expr, axes: Axes) -> Code:
        """Source of an index expression."""
        if isinstance(node, sp.Symbol):
            if node.name in axes:
                self.uses_indices = True
                return Code(self._index_array(node.name, self.size(self.ranges[node.name])), (node.name,))
            return Code(_safe(node.name))
        if node.is_Integer:
            return Code(str(node), (), UNARY if node < 0 else ATOM)
        if isinstance(node, sp.Indexed):
            return self._entry(node, axes)
        if isinstance(node, floordiv | modulo):
            parts, union = self._joined([self.integer(part, axes) for part in node.args], axes)
            sign = "//" if isinstance(node, floordiv) else "%"
            return Code(f"{parts[0].within(POWER)} {sign} {parts[1].within(POWER)}", union, MULTIPLY)
        if isinstance(node, sp.Add):
            terms = sorted(node.args, key=lambda t: (t.could_extract_minus_sign(), t.is_Number, str(t)))
            signs = [t.could_extract_minus_sign() for t in terms]
            codes = [self.integer(-t if minus else t, axes) for t, minus in zip(terms, signs, strict=True)]
            parts, union = self._joined(codes, axes)
            text = ("-" if signs[0] else "") + parts[0].within(MULTIPLY)
            for part, minus in zip(parts[1:], signs[1:], strict=True):
                text += f" {'-' if minus else '+'} {part.within(MULTIPLY)}"
            return Code(text, union, ADD)
        if isinstance(node, sp.Mul):
            parts, union = self._joined([self.integer(part, axes) for part in node.args], axes)
            return Code(" * ".join(part.within(POWER) for part in parts), union, MULTIPLY)
        if isinstance(node, sp.Pow) and node.exp.is_Integer and node.exp > 0:
            base = self.integer(node.base, axes)
            return Code(f"{base.within(ATOM)} ** {node.exp}", base.axes, POWER)
        if isinstance(node, Bracket):
            held = self._condition(node.args[0], axes)
            return Code(f"1 * {held.text}", held.axes, MULTIPLY)
        raise DerivationError(f"{node} is no index expression")

    def _index_array(self, name: str, size: str) -> str:
        """The variable that holds 0, 1, ... along an axis: the index's own letter, unless that means something else."""
        variable = name
        while (
            variable in self.taken
            or variable in self.steps
            or _safe(variable) != variable
            or self.arrays.get(variable, size) != size
        ):
            variable += "_"
        self.arrays[variable] = size
        return variable

    def _entry(self, node: sp.Indexed, axes: Axes) -> Code:
        name, indices = _safe(node.base.name), list(node.indices)
        sizes = self.shapes.get(node.base.name, (None,) * len(indices))
        names = [self._axis_of(i, size, axes) for i, size in zip(indices, sizes, strict=True)]
        pinned = [self._is_pinned(i, axes) for i in indices]
        if all(n or p for n, p in zip(names, pinned, strict=True)) and len({n for n in names if n}) == sum(
            map(bool, names)
        ):
            if any(pinned):
                slots = [
                    self._scalar_index(i, size) if p else ":" for i, p, size in zip(indices, pinned, sizes, strict=True)
                ]
                while slots and slots[-1] == ":":
                    slots.pop()
                name = f"{name}[{', '.join(slots)}]"
            return self._transposed(name, [n for n in names if n], axes)
        self.uses_indices = True
        codes = []
        for i, size, name_ in zip(indices, sizes, names, strict=True):
            code = self.integer(i, axes)
            plain = bool(name_) or isinstance(i, sp.Indexed)
            codes.append(
                code if plain or size is None else Code(f"np.clip({code.text}, 0, {self.size(size - 1)})", code.axes)
            )
        codes, union = self._joined(codes, axes)
        return Code(f"{name}[{', '.join(code.text for code in codes)}]", union)

    def _axis_of(self, i: sp.Expr, size: sp.Expr | None, axes: Axes) -> str:
        """The axis that a plain index runs along, where it runs over the whole of it."""
        whole = isinstance(i, sp.Symbol) and i.name in axes and (size is None or self.ranges.get(i.name, size) == size)
        return i.name if whole else ""

    def _is_pinned(self, i: sp.Expr, axes: Axes) -> bool:
        """A single number inside a loop, or a constant."""
        return not any(s.name in axes for s in i.free_symbols if isinstance(s, sp.Symbol)) and not i.has(sp.Indexed)

    def _scalar_index(self, i: sp.Expr, size: sp.Expr | None) -> str:
        text = self.integer(i, ()).text
        if isinstance(i, sp.Symbol) or i == 0 or size is None:
            return text
        return f"min(max({text}, 0), {self.size(size - 1)})"

    def _transposed(self, name: str, names: list[str], axes: Axes) -> Code:
        order = [n for n in axes if n in names]
        if order == names:
            return Code(name, tuple(order))
        if len(names) == 2:
            return Code(f"{name}.T", tuple(order))
        permutation = ", ".join(str(names.index(n)) for n in order)
        return Code(f"{name}.transpose({permutation})", tuple(order))

    # indicators

    def _indicator(self, node: sp.Expr, axes: Axes) -> Code:
        if isinstance(node, sp.KroneckerDelta):
            sides = sorted(node.args, key=lambda side: (not side.is_Symbol, str(side)))
            parts, union = self._joined([self.integer(side, axes) for side in sides], axes)
            return Code(f"({parts[0].within(ADD)} == {parts[1].within(ADD)})", union, boolean=True)
        if isinstance(node, Bracket):
            return replace(self._condition(node.args[0], axes), boolean=True)
        extreme, *where = node.args
        window = self._window(extreme, axes)
        names = tuple(index.name for index, _, _ in extreme.limits)
        outer = _without(window.axes, names)
        order = (*outer, *names)
        moved = window if window.axes == order else self._moved(window, order)
        if moved.text not in self.windows:
            name = self.windows[moved.text] = f"window{len(self.windows) + 1}"
            self.before.append(f"{name} = {moved.text}")
            self.before.append(f"{name} = {name}.reshape({name}.shape[:{len(outer)}] + (-1,)).argmax(axis=-1)")
        temporary = self.windows[moved.text]
        place = sp.S.Zero
        for (_, _, high), index in zip(extreme.limits, where, strict=True):
            place = sp.expand(place * (high + 1) + index)
        parts, union = self._joined([Code(temporary, outer), self.integer(place, axes)], axes)
        return Code(f"({parts[0].text} == {parts[1].within(ADD)})", union, boolean=True)

    def _in_order(self, code: Code, axes: Axes) -> Code:
        """The same array with its axes in the order of `axes`."""
        order = tuple(name for name in axes if name in code.axes)
        return code if code.axes == order else self._moved(code, order)

    def _moved(self, code: Code, order: Axes) -> Code:
        permutation = ", ".join(str(code.axes.index(name)) for name in order)
        return Code(f"{code.within(ATOM)}.transpose({permutation})", order)

    def _window(self, extreme: MaxOver, axes: Axes) -> Code:
        names = tuple(index.name for index, _, _ in extreme.limits)
        self.ranges |= {index.name: high + 1 for index, _, high in extreme.limits}
        return self._covering(self.value(extreme.function, (*axes, *names)).number, names, (*axes, *names))

    def _covering(self, code: Code, names: Axes, axes: Axes) -> Code:
        """The array with every one of the bound axes in it."""
        missing = [name for name in names if name not in code.axes]
        if not missing:
            return code
        full = tuple(name for name in axes if name in code.axes or name in missing)
        if not code.axes:
            return Code(f"np.full(({', '.join(self.size(self.ranges[name]) for name in full)},), {code.text})", full)
        slots = ", ".join(":" if name in code.axes else "None" for name in full)
        repeated = f"{code.within(ATOM)}[{slots}]"
        for name in missing:
            repeated = f"np.repeat({repeated}, {self.size(self.ranges[name])}, axis={full.index(name)})"
        return Code(repeated, full)

    def _condition(self, condition: sp.Basic, axes: Axes) -> Code:
        if isinstance(condition, sp.And | sp.Or):
            parts, union = self._joined([self._condition(part, axes) for part in condition.args], axes)
            sign = " & " if isinstance(condition, sp.And) else " | "
            return Code(f"({sign.join(part.text for part in parts)})", union)
        if isinstance(condition, sp.Not):
            inner = self._condition(condition.args[0], axes)
            return Code(f"np.logical_not({inner.text})", inner.axes)
        left, right = condition.args
        show = self.integer if left.is_integer and right.is_integer else self.value
        parts, union = self._joined([show(left, axes), show(right, axes)], axes)
        return Code(f"({parts[0].within(ADD)} {condition.rel_op} {parts[1].within(ADD)})", union)

    # sums

    def _reduced(self, node: sp.Sum, axes: Axes) -> Code:
        bound = tuple(index.name for index, _, _ in reversed(node.limits))
        self.ranges |= {index.name: high + 1 for index, _, high in node.limits}
        inner = _natural_order(node.function, axes, bound)
        factors = list(sp.Mul.make_args(node.function))
        if len(factors) == 2:
            product = self._matrix_product([self.value(factor, inner).number for factor in factors], axes, bound)
            if product is not None:
                return product
        groups = self._groups(factors, inner)
        if len(groups) == 1:
            (code,) = groups
            count = [self.size(self.ranges[name]) for name in bound if name not in code.axes]
            if set(code.axes) & set(bound):
                code = Code(f"{code.within(ATOM)}.sum({_axis_list(code.axes, bound)})", _without(code.axes, bound))
            for size in count:
                code = Code(f"{size} * {code.within(POWER)}", code.axes, MULTIPLY)
            return self._in_order(code, axes)
        product = self._matrix_product(groups, axes, bound)
        if product is not None:
            return product
        result = tuple(name for name in axes if any(name in group.axes for group in groups))
        if len(inner) > len(string.ascii_letters):
            raise DerivationError(f"a product over {len(inner)} indices is too long for NumPy")
        letters = dict(zip(inner, string.ascii_letters, strict=False))
        subscripts = ",".join("".join(letters[n] for n in group.axes) for group in groups)
        operands = ", ".join(group.text for group in groups)
        missing = [n for n in bound if not any(n in group.axes for group in groups)]
        code = Code(f'np.einsum("{subscripts}->{"".join(letters[n] for n in result)}", {operands})', result)
        for name in missing:
            code = Code(f"{self.size(self.ranges[name])} * {code.text}", result, MULTIPLY)
        return code

    def _groups(self, factors: list[sp.Expr], axes: Axes) -> list[Code]:
        """Factors with the same axes multiplied together; smaller ones join a group that covers them."""
        codes = [(factor, self.value(factor, axes)) for factor in factors]
        together: dict[Axes, list[sp.Expr]] = {}
        for factor, code in sorted(codes, key=lambda pair: -len(pair[1].axes)):
            home = next(
                (a for a in together if set(code.axes) <= set(a) and (code.axes == a or len(code.axes) < 2)), code.axes
            )
            together.setdefault(home, []).append(factor)
        merged = [
            self._product(group, axes) if len(group) > 1 else self.value(group[0], axes) for group in together.values()
        ]
        return [code.number for code in merged] if len(merged) > 1 else merged

    def _matrix_product(self, groups: list[Code], axes: Axes, bound: Axes) -> Code | None:
        if len(groups) != 2 or len(bound) != 1 or any(bound[0] not in g.axes or len(g.axes) > 2 for g in groups):
            return None
        outer = [_without(group.axes, bound) for group in groups]
        if outer[0] == outer[1] and outer[0]:
            return None
        result = tuple(name for name in axes if name in outer[0] or name in outer[1])
        left, right = groups
        if len(result) == 2 and outer[0] != result[:1]:
            left, right = right, left
        if len(result) == 1 and not outer[0] and len(groups[1].axes) == 2:
            left, right = right, left
        left = self._with_axes(left, (*_without(left.axes, bound), *bound))
        right = self._with_axes(right, (*bound, *_without(right.axes, bound)))
        return Code(f"{left.within(ATOM)} @ {right.within(ATOM)}", result, MULTIPLY)

    def _with_axes(self, code: Code, axes: Axes) -> Code:
        if code.axes == axes:
            return code
        text = code.within(ATOM)
        return Code(text.removesuffix(".T") if text.endswith(".T") else f"{text}.T", axes)


_REDUCED_LAST = re.compile(r"\.(sum|max)\(axis=(\d+)\)$")


def _axis_list(axes: Axes, bound: Axes) -> str:
    places = [str(axes.index(name)) for name in bound if name in axes]
    if len(places) == len(axes):
        return ""
    return f"axis={places[0]}" if len(places) == 1 else f"axis=({', '.join(sorted(places))})"


def _natural_order(body: sp.Expr, axes: Axes, bound: Axes) -> Axes:
    """An order of all axes in which the entries need no transposing, the outer ones in the order that they have."""
    for node in walk(body):
        if isinstance(node, sp.Indexed):
            names = list(dict.fromkeys(i.name for i in node.indices if isinstance(i, sp.Symbol)))
            outer = [name for name in names if name in axes]
            if set(bound) <= set(names) and outer == [name for name in axes if name in outer]:
                return (*(name for name in axes if name not in names), *(n for n in names if n in axes or n in bound))
    return (*axes, *bound)


def _without(axes: Axes, names: Axes) -> Axes:
    return tuple(name for name in axes if name not in names)
