"""Powers, functions and conditions of terms in normal form: the few laws that make equal things look equal."""

from __future__ import annotations

import math
from abc import abstractmethod
from fractions import Fraction

import sympy as sp

from derivations.affine import Affine, TooHardError, add_affine, mentions
from derivations.normal.indices import Indices
from derivations.normal.terms import IDEMPOTENT, ONE, ZERO, Atom, Term

_AT_ZERO = {"sin": ZERO, "erf": ZERO, "sigmoid": Fraction(1, 2), "cos": ONE}
# f(-x) = constant + factor*f(x)
_SIGN_LAWS = {"sin": (0, -1), "erf": (0, -1), "cos": (0, 1), "sigmoid": (1, -1)}


class Functions(Indices):
    """The rules for what is not a sum or a product."""

    @abstractmethod
    def terms(self, expression: sp.Expr) -> list[Term]:
        """The expression as a list of terms, not yet canonical."""

    @abstractmethod
    def product(self, parts: list[list[Term]]) -> list[Term]:
        """The product of sums of terms."""

    @abstractmethod
    def index(self, expression: sp.Expr) -> Affine:
        """An index expression, every bound index by the name that it has here."""

    # powers

    def power(self, base: sp.Expr, exponent: sp.Expr) -> list[Term]:
        """A power; one whose exponent is no number is exp(exponent*log(base))."""
        if not exponent.is_Rational:
            logarithm = self.function("log", self.terms(base))
            return self.function("exp", self.product([self.terms(exponent), logarithm]))
        return self.raised(self.terms(base), Fraction(int(exponent.p), int(exponent.q)))

    def raised(self, terms: list[Term], exponent: Fraction) -> list[Term]:
        """terms**exponent."""
        if exponent.denominator == 1 and exponent > 0:
            return self.product([terms] * int(exponent))
        if exponent == 0:
            return [Term(ONE)]
        terms = self.thaw(self.freeze(terms))
        if not terms:
            raise TooHardError("a power of zero")
        content = self._content(terms)
        rest = self.product([terms, [self._raise_term(content, Fraction(-1))]])
        rest = self.thaw(self.freeze(rest))
        result = self._raise_term(content, exponent)
        if exponent.denominator == 1 and self._leading(rest) < 0:  # 1/(b - a) is -1/(a - b)
            rest = self.thaw(self.freeze(self.scaled(rest, -1)))
            result.coefficient *= -1 if exponent % 2 else 1
        if len(rest) == 1 and not rest[0].bounds and self._distributes(rest[0], exponent):
            return self.product([[result], [self._raise_term(rest[0], exponent)]])
        if (
            len(rest) == 1
            and rest[0].coefficient == 1
            and not rest[0].factors
            and not rest[0].exponent
            and not rest[0].bounds
        ):
            return [result]
        sigmoid = self._as_sigmoid(rest, exponent)
        if sigmoid is not None:
            return self.product([[result], sigmoid])
        return self.product([[result], [Term(ONE, {}, {("p", self.freeze(rest)): exponent})]])

    def _as_sigmoid(self, terms: list[Term], exponent: Fraction) -> list[Term] | None:
        """1/(1 + exp(-x)) is sigmoid(x); where sigmoids are fractions, 1/(1 + exp(x)) is exp(-x)/(1 + exp(-x))."""
        if len(terms) != 2 or exponent.denominator != 1:
            return None
        for one, other in (terms, terms[::-1]):
            plain = not one.factors and not one.bounds and not one.exponent and one.coefficient == 1
            if plain and other.exponent and not other.factors and not other.bounds and other.coefficient == 1:
                argument = self.scaled(self.thaw(other.exponent), -1)
                if not self.sigmoids_are_fractions:
                    return self.raised(self.function("sigmoid", argument), -exponent)
                if self._leading(argument) < 0:
                    mirrored = self.freeze([one, *self._exponential(argument)])
                    outside = self._exponential(self.scaled(argument, -exponent))
                    return self.product([outside, [Term(ONE, {}, {("p", mirrored): exponent})]])
        return None

    def _distributes(self, term: Term, exponent: Fraction) -> bool:
        if exponent.denominator == 1:
            return True
        return term.coefficient > 0 and all(self.positive(atom) for atom in term.factors)

    def positive(self, atom: Atom) -> bool:
        """Whether an atom is surely positive."""
        if atom[0] == "i":
            return isinstance(atom[1], str) and atom[1][0].isupper()
        if atom[0] == "f":
            return atom[1] == "sigmoid"
        if atom[0] == "p":
            return all(self._positive_term(term) for term in self.thaw(atom[1]))
        return atom[0] in {"c", "pi"} or (atom[0] == "s" and atom[1] in self.known.positive)

    def _positive_term(self, term: Term) -> bool:
        return term.coefficient > 0 and all(
            self.positive(a) or (p.denominator == 1 and p % 2 == 0) for a, p in term.factors.items()
        )

    def _content(self, terms: list[Term]) -> Term:
        """What all terms share that is surely positive: a rational number and powers of sizes."""
        numerators = math.gcd(*(term.coefficient.numerator for term in terms))
        denominators = math.lcm(*(term.coefficient.denominator for term in terms))
        content = Term(Fraction(numerators, denominators))
        for atom in set().union(*(term.factors for term in terms)):
            powers = [term.factors.get(atom, ZERO) for term in terms]
            if atom[0] == "i" and self.positive(atom):
                content.factors[atom] = min(powers)
        content.factors = {a: p for a, p in content.factors.items() if p}
        return content

    def _key(self, term: Term) -> tuple:
        return tuple(sorted(term.factors.items(), key=repr)), term.exponent

    def _raise_term(self, term: Term, exponent: Fraction) -> Term:
        """One term, without bounds, to a power."""
        factors = {atom: power * exponent for atom, power in term.factors.items()}
        factors = {a: (ONE if a[0] in IDEMPOTENT and p > 0 else p) for a, p in factors.items()}
        coefficient = ONE
        if exponent.denominator == 1:
            coefficient = term.coefficient ** int(exponent)
        elif term.coefficient != 1:
            factors[("c", term.coefficient)] = exponent
        scaled = self.scaled(self.thaw(term.exponent), exponent) if term.exponent else []
        return Term(coefficient, {}, factors, self.freeze(scaled) if scaled else ())

    # functions

    def function(self, name: str, argument: list[Term]) -> list[Term]:
        """A function of one argument, rewritten by the few laws that make equal things look equal."""
        frozen = self.freeze(argument)
        argument = self.thaw(frozen)
        if name == "exp":
            return self._exponential(argument)
        if name == "tanh":  # tanh(x) = 2*sigmoid(2x) - 1
            doubled = self.function("sigmoid", self.scaled(argument, 2))
            return [*self.scaled(doubled, 2), Term(Fraction(-1))]
        if name in {"absolute", "Abs"}:  # |x| = x*([x > 0] - [-x > 0])
            return self.product([argument, self.function("sign", argument)])
        if name == "sign":
            return [*self.greater(argument), *self.scaled(self.greater(self.scaled(argument, -1)), -1)]
        if name == "log":
            return self._logarithm(argument)
        if name in _SIGN_LAWS and argument and self._leading(argument) < 0:
            mirrored = self.function(name, self.scaled(argument, -1))
            constant, factor = _SIGN_LAWS[name]
            return [*([Term(Fraction(constant))] if constant else []), *self.scaled(mirrored, factor)]
        if not frozen and name in _AT_ZERO:
            return [Term(_AT_ZERO[name])] if _AT_ZERO[name] else []
        if name == "sigmoid" and self.sigmoids_are_fractions:  # 1/(1 + exp(-x))
            return self.raised([Term(ONE), *self._exponential(self.scaled(argument, -1))], Fraction(-1))
        return [Term(ONE, {}, {("f", name, frozen): ONE})]

    def _leading(self, terms: list[Term]) -> Fraction:
        return min(terms, key=lambda term: repr((term.bounds, self._key(term)))).coefficient

    def _exponential(self, argument: list[Term]) -> list[Term]:
        inside, outside = [], [Term(ONE)]
        for term in argument:
            logarithms = [a for a in term.factors if a[0] == "f" and a[1] == "log" and term.factors[a] == 1]
            if len(term.factors) == 1 and logarithms and not term.bounds and not term.exponent:
                outside = self.product([outside, self.raised(self.thaw(logarithms[0][2]), term.coefficient)])
            else:
                inside.append(term)
        if not inside:
            return outside
        return self.product([outside, [Term(ONE, {}, {}, self.freeze(inside))]])

    def _logarithm(self, argument: list[Term]) -> list[Term]:
        if not argument:
            raise TooHardError("the logarithm of zero")
        content = self._content(argument)
        rest = self.thaw(self.freeze(self.product([argument, [self._raise_term(content, Fraction(-1))]])))
        result: list[Term] = []
        if content.coefficient != 1:
            result.append(Term(ONE, {}, {("f", "log", self.freeze([Term(content.coefficient)])): ONE}))
        for atom, power in content.factors.items():
            result.append(self._log_of(atom, power))
        if len(rest) == 1 and not rest[0].bounds and rest[0].coefficient > 0:
            (single,) = rest
            result += self.thaw(single.exponent)
            opaque = single.copy()
            opaque.exponent = ()
            for atom, power in single.factors.items():
                if self.positive(atom):
                    result.append(self._log_of(atom, power))
                    del opaque.factors[atom]
            rest = [opaque]
        frozen = self.freeze(rest)
        if frozen != self.freeze([Term(ONE)]):
            result.append(Term(ONE, {}, {("f", "log", frozen): ONE}))
        return result

    def _log_of(self, atom: Atom, power: Fraction) -> Term:
        inside = atom[1] if atom[0] == "p" else self.freeze([Term(ONE, {}, {atom: ONE})])
        return Term(power, {}, {("f", "log", inside): ONE})

    # conditions

    def greater(self, difference: list[Term]) -> list[Term]:
        """[difference > 0], scaled so that equal conditions look equal."""
        terms = self.thaw(self.freeze(difference))
        if not terms:
            return []
        content = self._content(terms)
        terms = self.thaw(self.freeze(self.product([terms, [self._raise_term(content, Fraction(-1))]])))
        if len(terms) == 1 and not terms[0].factors and not terms[0].bounds and not terms[0].exponent:
            return [Term(ONE)] if terms[0].coefficient > 0 else []
        return [Term(ONE, {}, {("gt", self.freeze(terms)): ONE})]

    def condition(self, condition: sp.Basic) -> list[Term]:
        """The indicator of a condition."""
        if condition == sp.true:
            return [Term(ONE)]
        if condition == sp.false:
            return []
        if isinstance(condition, sp.And):
            return self.product([self.condition(part) for part in condition.args])
        if isinstance(condition, sp.Or):
            return self.complement(self.product([self.complement(self.condition(p)) for p in condition.args]))
        if isinstance(condition, sp.Not):
            return self.complement(self.condition(condition.args[0]))
        left, right = condition.args
        if left.is_integer and right.is_integer:
            return self._integer_condition(condition.rel_op, self.index(left), self.index(right))
        difference = [*self.terms(left), *self.scaled(self.terms(right), -1)]
        opposite = self.scaled(difference, -1)
        match condition.rel_op:
            case ">":
                return self.greater(difference)
            case "<":
                return self.greater(opposite)
            case ">=":
                return self.complement(self.greater(opposite))
            case "<=":
                return self.complement(self.greater(difference))
            case "==":
                return self.complement([*self.greater(difference), *self.greater(opposite)])
        return [*self.greater(difference), *self.greater(opposite)]

    def _integer_condition(self, operator: str, left: Affine, right: Affine) -> list[Term]:
        difference = add_affine(left, add_affine(right, scale=-1))
        opposite = add_affine(difference, scale=-1)
        one = (((), -1),)
        match operator:
            case ">=":
                return self.at_least_zero(difference)
            case "<=":
                return self.at_least_zero(opposite)
            case ">":
                return self.at_least_zero(add_affine(difference, one))
            case "<":
                return self.at_least_zero(add_affine(opposite, one))
            case "==":
                return self.delta(difference)
        return self.complement(self.delta(difference))

    def complement(self, indicator: list[Term]) -> list[Term]:
        """1 - indicator."""
        return [Term(ONE), *self.scaled(indicator, -1)]

    def complemented(self, terms: list[Term]) -> list[Term]:
        """Every bracket of indices that counts its first free index down written as 1 less the opposite one."""
        result = []
        for term in terms:
            parts = [term]
            for atom in [a for a in term.factors if a[0] == "ge"]:
                free = [
                    c for monomial, c in atom[1] if monomial and not any(mentions(monomial, n) for n in term.bounds)
                ]
                if free and free[0] < 0:
                    opposite = ("ge", add_affine(add_affine(atom[1], scale=-1), (((), -1),)))
                    parts = [each for part in parts for each in self._split(part, atom, opposite)]
            result += parts
        return [t for term in result if (t := self.contracted(term)) is not None]

    def _split(self, term: Term, bracket: Atom, opposite: Atom) -> tuple[Term, Term]:
        """f*[bracket] = f - f*[opposite]."""
        without, less = term.copy(), term.copy()
        del without.factors[bracket], less.factors[bracket]
        less.coefficient, less.factors[opposite] = -less.coefficient, ONE
        return without, less

    def choice(self, condition: list[Term], yes: list[Term], no: list[Term]) -> list[Term]:
        """[condition]*(yes - no) + no."""
        return [*self.product([condition, [*yes, *self.scaled(no, -1)]]), *no]

    def build_where(self, expression: sp.Expr) -> list[Term]:
        """A case distinction: [condition]*(yes - no) + no."""
        condition, yes, no = expression.args
        return self.choice(self.condition(condition), self.terms(yes), self.terms(no))

    def build_choice(self, expression: sp.Expr) -> list[Term]:
        """The larger or the smaller of two, as a case distinction."""
        yes, no = expression.args
        return self.choice(self.condition(expression.takes_first), self.terms(yes), self.terms(no))

    def build_bracket(self, expression: sp.Expr) -> list[Term]:
        """Iverson's bracket."""
        return self.condition(expression.args[0])
