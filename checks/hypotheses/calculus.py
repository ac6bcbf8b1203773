"""A rule of differentiation broken: a path, a term or a slope is missing, or is another's."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from checks.hypotheses.explanation import Explanation, place
from checks.hypotheses.scale import NEARLY, numbers
from checks.hypotheses.terms import terms
from checks.suspect import FEWEST_ENTRIES, Suspect
from derivations import Equation
from derivations.expressions import INDICATORS, sigmoid, tanh, walk
from derivations.render.plain import plain

SLOPES: dict[str, Callable[[NDArray], NDArray]] = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
    "relu": lambda y: (y > 0) * 1.0,
}
CURVES: dict[str, Callable[[NDArray], NDArray]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
}


def activation_slope(suspect: Suspect) -> Iterator[Explanation]:
    """got = dY s(v), with another activation's slope s, or the right slope at another value v than the output."""
    if not suspect.fits or len(suspect.cotangents) != 1:
        return
    (given, cotangent), point = next(iter(suspect.cotangents.items())), suspect.name.removeprefix("d")
    (output,) = suspect.trial.outputs
    X, Y = np.asarray(suspect.trial.values[point]), suspect.trial.truth[output].value
    if X.shape != Y.shape:
        return
    if suspect.explained_by(cotangent):
        yield Explanation("no slope", f"{suspect.name} is {given}: the layer's own derivative is missing")
    if suspect.explained_by(cotangent * Y):
        what = f"the value {output} where its derivative belongs"
        yield Explanation(what, f"{suspect.name} takes {what}")
    own = suspect.layer.name
    for name, slope in SLOPES.items():
        if name != own and (
            suspect.explained_by(cotangent * slope(Y)) or suspect.explained_by(cotangent * slope(CURVES[name](X)))
        ):
            yield Explanation(name, f"{suspect.name} uses the derivative of {name}, but the layer is {own}")
        if suspect.explained_by(cotangent * slope(X)) and name != "relu":
            yield Explanation(
                f"{name} at {point}", f"{suspect.name} takes {point} for {output} in the derivative of {name}"
            )
        if suspect.explained_by(cotangent * slope(CURVES[name](Y))) and name != "relu":
            yield Explanation(
                f"{name} at {output}", f"{suspect.name} takes {output} for {point}: {name} is applied twice"
            )
        if suspect.explained_by(cotangent * slope(Y) ** 2) and name != "relu":
            yield Explanation(f"{name} squared", f"{suspect.name} applies the derivative of {name} twice")


def inner_slope(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with a slope A (1 - A), or 1 - A**2, within it left out, squared, the other one, or taken at A.

    Or with every such slope mistaken in the same way.
    """
    found = [(equation, *each) for equation in suspect.equations for each in _slopes(equation.rhs)]
    for what, mistaken in _MISTAKEN_SLOPES.items() if suspect.fits else ():
        changed: dict[Equation, dict[sp.Expr, sp.Expr]] = {}
        for equation, node, slope, A, curve in found:
            product = node / slope * mistaken(slope, A, curve)
            changed.setdefault(equation, {})[node] = product
            if suspect.explained_with(equation, {node: product}):
                told = f"the slope {plain(slope, equation.indices)} {what}{place(suspect, equation)}"
                yield Explanation(told, f"in {suspect.name}, {told}")
        others = [replace(equation, rhs=equation.rhs.xreplace(swaps)) for equation, swaps in changed.items()]
        if len(found) > 1 and suspect.explained_with_all(*others):
            yield Explanation(f"every slope {what}", f"in {suspect.name}, every slope {what}")


_MISTAKEN_SLOPES: dict[str, Callable[[sp.Expr, sp.Expr, type], sp.Expr]] = {
    "is missing": lambda slope, A, curve: sp.S.One,
    "is there twice": lambda slope, A, curve: slope**2,
    "is that of the other: of tanh or sigmoid": lambda slope, A, curve: 1 - A**2 if curve is sigmoid else A * (1 - A),
    "is the value itself": lambda slope, A, curve: A,
    "is taken at the value, not at what it is the value of": lambda slope, A, curve: slope.xreplace({A: curve(A)}),
}


def _slopes(expression: sp.Expr) -> Iterator[tuple[sp.Expr, sp.Expr, sp.Expr, type]]:
    """Products with the slope of a logistic function or of a tanh in them, by its value A, and which one it is."""
    for node in walk(expression):
        factors = set(sp.Mul.make_args(node)) if isinstance(node, sp.Mul | sp.Add | sp.Indexed) else set()
        entries = [A for A in node.atoms(sp.Indexed) if factors]
        for A in sorted(entries, key=sp.default_sort_key):
            if {A, 1 - A} <= factors:
                yield node, A * (1 - A), A, sigmoid
            if 1 - A**2 in factors:
                yield node, 1 - A**2, A, tanh


def diagonal_only(suspect: Suspect) -> Iterator[Explanation]:
    """got[i] = truth[i] for a cotangent that is zero but for its entry i: the coupling of entries is dropped."""
    if not suspect.fits or len(suspect.cotangents) != 1:
        return
    name, cotangent = next(iter(suspect.cotangents.items()))
    if cotangent.shape != suspect.expected.shape or cotangent.size == 1:
        return
    diagonal = np.zeros(cotangent.shape)
    for index in np.ndindex(cotangent.shape):
        alone = np.zeros(cotangent.shape)
        alone[index] = cotangent[index]
        diagonal[index] = suspect.answer_at({name: alone})[index]
        if abs(diagonal[index] - suspect.got[index]) > suspect.allowance(suspect.got):
            return
    if suspect.explained_by(diagonal):
        yield Explanation(
            "off-diagonal", f"{suspect.name} drops the off-diagonal terms: each entry sees only its own {name}"
        )


def held_constant(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth of a layer in which one or two intermediates do not depend on the inputs."""
    names = [tensor.name for tensor in suspect.layer.intermediates] if suspect.fits and suspect.is_cotangent else []
    inner = suspect.trial.derivation.intermediate_cotangents
    if inner:  # a layer of many parts: those with a cotangent of their own suffice, and nothing is derived anew
        names = [name for name in names if {f"d{name}", f"d{name}_total"} & {e.name for e in suspect.equations[:-1]}]
    for count in (1,) if inner else (1, 2):
        for held in combinations(names, count):
            if suspect.explained_by(suspect.with_held(held)):
                what = " and ".join(held)
                as_one = "a constant: the path through it is" if count == 1 else "constants: the paths through them are"
                yield Explanation(what, f"{suspect.name} treats {what} as {as_one} missing")


_USUAL_EPSILONS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)


def epsilon(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for another epsilon, or for one that stands outside the root."""
    small = [option.name for option in suspect.layer.options if option.name.startswith("eps")]
    for name in small if suspect.fits else ():
        eps = float(suspect.trial.values[name])
        usual = [(value, f"is {value:g}".replace("e-0", "e-")) for value in _USUAL_EPSILONS]
        for value, what in ((0.0, "is left out"), (eps * eps, "is squared"), *usual):
            with np.errstate(all="ignore"):
                found = suspect.explained_by(suspect.answer_at({name: value}))
            if found:
                told = f" (where it is that for good: --set {name}={value:g})" if (value, what) in usual else ""
                yield Explanation(f"{name} {what}", f"in {suspect.name}, {name} {what}{told}")
        for tensor in suspect.used:
            with np.errstate(all="ignore"):
                outside = (np.sqrt(suspect.operands[tensor]) + eps) ** 2 - eps
                found = suspect.explained_by(suspect.answer_at({tensor: outside}))
            if found:
                what = f"{name} outside the root"
                yield Explanation(what, f"{suspect.name} adds {name} outside the root of {tensor}, not inside")


def wrong_term(suspect: Suspect) -> Iterator[Explanation]:
    """got = truth - t, truth - 2 t, truth + (k - 1) t, for a term t of the sum that it is, and a number k."""
    own = suspect.equations[-1]
    for text, part in terms(own) if suspect.fits else ():
        term = suspect.answer_by(replace(own, rhs=part))
        for change, what in (
            (-1.0, f"the term {text} is missing"),
            (-2.0, f"the term {text} has the wrong sign"),
            (1.0, f"the term {text} is counted twice"),
        ):
            if suspect.explained_by(suspect.expected + change * term):
                yield Explanation(what, f"in {suspect.name}, {what}")
        for factor, number, mistake in numbers(suspect.sizes):
            if abs(number) != 1 and number != 2 and suspect.explained_by(suspect.expected + (number - 1) * term):
                what = f"the term {text} is taken {factor} times"
                yield Explanation(what, f"in {suspect.name}, {what}{mistake}")


def scaled_term(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth if one of the terms that it, or an inner cotangent, is the sum of is taken k times, for any k."""
    own = suspect.expected
    for equation in suspect.equations if suspect.fits and own.size >= FEWEST_ENTRIES else ():
        for text, term in terms(equation):
            share = own - suspect.answer_by(replace(equation, rhs=equation.rhs - term))
            square = float(np.sum(share**2))
            factor = 1 + float(np.sum((suspect.got - own) * share)) / square if square else 1.0
            if abs(factor - 1) > NEARLY and suspect.explained_by(own + (factor - 1) * share):
                where = place(suspect, equation)
                said = f"in {suspect.name}, the term {text}{where} is taken {factor:.4g} times"
                yield Explanation(f"the term {text}{where}", said)


def missing_factor(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one factor of one of its products, or of one term of a sum in it, left out."""
    for equation, factor, of in _with_factors_to(suspect, 0):
        text, where = plain(factor, equation.indices), place(suspect, equation)
        mistake = f"the factor {text} is missing{of}{where}" if of else f"{text}{where}"
        yield Explanation(mistake, f"in {suspect.name}, the factor {text} is missing{of}{where}")


def inverted_factor(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with the inverse of a factor in its place, in one of its products, or one term of a sum in it."""
    for equation, factor, of in _with_factors_to(suspect, -1):
        true, taken = (plain(each, equation.indices) for each in (factor, 1 / factor))
        what = f"{taken} for {true}{of}{place(suspect, equation)}"
        sign = "* where / belongs" if true.startswith("1/") else "/ where * belongs"
        yield Explanation(what, f"{suspect.name} takes {what}: {sign}")


def _with_factors_to(suspect: Suspect, power: int) -> Iterator[tuple[Equation, sp.Expr, str]]:
    """The factors, each with its equation, for which got = the truth with the factor to this power; and in which term.

    The term is nothing where the factor is so in the whole of its product.
    """
    for equation in suspect.equations if suspect.fits else ():
        for node in walk(equation.rhs):
            for factor in _factors(node, power):
                if suspect.explained_with(equation, {node: node * factor ** (power - 1)}):
                    yield equation, factor, ""
        for node in walk(equation.rhs):
            for factor, term, share in _shares(node, power):
                changed = node - share + share * factor ** (power - 1)
                if suspect.explained_with(equation, {node: changed}):
                    yield equation, factor, f" in the term {plain(term, equation.indices)}"


def _shares(node: sp.Basic, power: int) -> Iterator[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """The factors that stand before a sum, each with every term of the sum, and that term times all of them."""
    for total in node.args if isinstance(node, sp.Mul) else ():
        factors = [factor for factor in _factors(node, power) if factor != total]
        for factor, term in product(factors, total.args if isinstance(total, sp.Add) else ()):
            yield factor, term, node / total * term


def _factors(node: sp.Basic, power: int) -> list[sp.Expr]:
    """The factors of a product that may have another power: conditions have no inverse, and places none that is one."""
    every = [each for each in node.args if not each.is_number] if isinstance(node, sp.Mul) else []
    return [each for each in every if power >= 0 or not (each.is_integer or isinstance(each, INDICATORS))]


def complement_mistaken(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with 1 - A in the place of A, or A in that of 1 - A, in one of its products."""
    for equation in suspect.equations if suspect.fits else ():
        for node in walk(equation.rhs):
            for factor in node.args if isinstance(node, sp.Mul) else ():
                other = 1 - factor
                is_gate = any(isinstance(each, sp.Indexed | sigmoid) for each in (factor, other))
                if is_gate and suspect.explained_with(equation, {node: node / factor * other}):
                    true, taken = (plain(each, equation.indices) for each in (factor, other))
                    what = f"{taken} for {true}{place(suspect, equation)}"
                    yield Explanation(what, f"{suspect.name} takes {what}")


def other_power(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one of its powers one or a half higher or lower, squared, its root, or its inverse."""
    for equation in suspect.equations if suspect.fits else ():
        powers = {node for node in walk(equation.rhs) if isinstance(node, sp.Pow) and node.exp.is_Rational}
        for node in sorted((power for power in powers if not power.base.is_integer), key=sp.default_sort_key):
            e, half = node.exp, sp.Rational(1, 2)
            for exponent in dict.fromkeys((e - 1, e + 1, e / 2, 2 * e, -e, e - half, e + half)):
                if suspect.explained_with(equation, {node: node.base**exponent}):
                    true, taken = (plain(node.base**power, equation.indices) for power in (e, exponent))
                    where = place(suspect, equation)
                    yield Explanation(f"{taken} for {true}{where}", f"{suspect.name} takes {taken} for {true}{where}")


def path_cut(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth if an inner cotangent, or tensor, lacks one of the terms that it is the sum of."""
    for equation in suspect.equations[:-1] if suspect.fits else ():
        for text, term in terms(equation):
            if suspect.explained_with(replace(equation, rhs=equation.rhs - term)):
                what = f"in {equation.name} the term {text} is missing"
                cut = "a path is cut: " if suspect.is_cotangent else ""
                yield Explanation(what, f"in {suspect.name}, {cut}{what}")
