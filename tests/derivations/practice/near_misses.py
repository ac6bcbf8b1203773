"""Answers that are almost right, made from the truth of a problem: none of them is."""

from collections.abc import Iterator

import sympy as sp

from derivations.expressions import entry_indices, entry_name, walk
from derivations.practice.problem import Problem
from derivations.render.plain import plain


def near_misses(problem: Problem) -> Iterator[tuple[str, str]]:
    """What is wrong with an answer, and the answer."""
    left, truth = problem.expected.lhs, problem.typed
    letters = entry_indices(left)
    text = plain(truth, letters)
    yield "negated", f"-({text})"
    yield "doubled", f"2*({text})"
    if (dropped := _without_a_sum(truth)) is not None:
        yield "a sum dropped", plain(dropped, letters)
    sizes = [problem.expected.ranges[i][1] for i in letters]
    if len({*sizes}) > 1:
        one, other = next((a, b) for a in range(len(sizes)) for b in range(a) if sizes[a] != sizes[b])
        names = [letter.name for letter in letters]
        names[one], names[other] = names[other], names[one]
        yield "transposed", f"{entry_name(left)}[{', '.join(names)}] = {text}"
    above = {f"d{name}" for name in problem.layer.output_names}
    found = {n: sp.S.One for n in walk(truth) if isinstance(n, sp.Indexed | sp.Symbol) and entry_name(n) in above}
    if found:
        yield "what comes from above left out", plain(_counted(truth.xreplace(found)), letters)


def _without_a_sum(truth: sp.Expr) -> sp.Expr | None:
    """The truth without the first of its sums, whose letters are left free."""
    for node in walk(truth):
        if isinstance(node, sp.Sum):
            return truth.xreplace({node: node.function})
    return None


def _counted(expression: sp.Expr) -> sp.Expr:
    """With the sums in which nothing depends on the letter written as products with their length."""
    for node in walk(expression):
        if isinstance(node, sp.Sum):
            idle = [limit for limit in node.limits if not node.function.has(limit[0])]
            if idle:
                kept = [limit for limit in node.limits if limit not in idle]
                times = sp.Mul(*(high - low + 1 for _, low, high in idle))
                return _counted(
                    expression.xreplace({node: times * (sp.Sum(node.function, *kept) if kept else node.function)})
                )
    return expression
