"""The first three topics: derivatives, the chain rule, many variables; their problems are drawn without end.

A skill's generator takes a random generator and a difficulty, and keeps to no global state: 1 is one rule, 2 is two
rules combined, 3 is three, or nested ones.
"""

from __future__ import annotations

from derivations.practice import (
    chain_rule,
    deltas,
    derivatives,
    gradients,
    implicit,
    index_jacobians,
    inverse,
    jacobians,
    limits,
    many_variables,
    sums,
    tables,
)
from derivations.practice.skill import Skill

# Every prerequisite stands before what needs it, so there is no way around in a circle.
SKILLS = (
    Skill("derivatives.powers", "Powers and sums of them", "derivatives", (), derivatives.powers),
    Skill("derivatives.limits", "From the limit", "derivatives", ("derivatives.powers",), limits.limits),
    Skill("derivatives.exponentials", "Exponentials", "derivatives", ("derivatives.powers",), derivatives.exponentials),
    Skill("derivatives.logarithms", "Logarithms", "derivatives", ("derivatives.powers",), derivatives.logarithms),
    Skill(
        "derivatives.trigonometric",
        "Sines and cosines",
        "derivatives",
        ("derivatives.powers",),
        derivatives.trigonometrics,
    ),
    Skill(
        "derivatives.products",
        "The product rule",
        "derivatives",
        ("derivatives.exponentials", "derivatives.trigonometric"),
        derivatives.products,
    ),
    Skill(
        "derivatives.quotients", "The quotient rule", "derivatives", ("derivatives.products",), derivatives.quotients
    ),
    Skill(
        "derivatives.tables",
        "From tables of values",
        "derivatives",
        ("derivatives.products", "derivatives.quotients"),
        tables.combinations,
    ),
    Skill(
        "derivatives.second",
        "Second derivatives",
        "derivatives",
        ("derivatives.products", "derivatives.logarithms"),
        derivatives.second,
    ),
    Skill(
        "chain_rule.composites",
        "Composites",
        "chain rule",
        ("derivatives.products", "derivatives.logarithms"),
        chain_rule.composites,
    ),
    Skill(
        "chain_rule.tables",
        "Composites from tables of values",
        "chain rule",
        ("chain_rule.composites", "derivatives.tables"),
        tables.composites,
    ),
    Skill("chain_rule.nested", "Composites of composites", "chain rule", ("chain_rule.composites",), chain_rule.nested),
    Skill(
        "chain_rule.implicit", "Implicit differentiation", "chain rule", ("chain_rule.composites",), implicit.implicit
    ),
    Skill("chain_rule.inverse", "Inverse functions", "chain rule", ("chain_rule.composites",), inverse.inverse),
    Skill(
        "chain_rule.logarithmic",
        "Logarithmic differentiation",
        "chain rule",
        ("chain_rule.composites", "derivatives.quotients"),
        chain_rule.logarithmic,
    ),
    Skill(
        "many_variables.partial",
        "Partial derivatives",
        "many variables",
        ("chain_rule.composites",),
        many_variables.partials,
    ),
    Skill(
        "many_variables.chain",
        "The chain rule with several ways",
        "many variables",
        ("many_variables.partial",),
        many_variables.chain,
    ),
    Skill("many_variables.jacobians", "Jacobians", "many variables", ("many_variables.partial",), jacobians.jacobians),
    Skill("many_variables.sums", "Sums and index notation", "many variables", ("many_variables.partial",), sums.sums),
    Skill("many_variables.deltas", "Kronecker deltas", "many variables", ("many_variables.sums",), deltas.deltas),
    Skill(
        "many_variables.gradients",
        "Gradients in index notation",
        "many variables",
        ("many_variables.deltas", "many_variables.chain"),
        gradients.gradients,
    ),
    Skill(
        "many_variables.index_jacobians",
        "Jacobians in index notation",
        "many variables",
        ("many_variables.gradients", "many_variables.jacobians"),
        index_jacobians.index_jacobians,
    ),
)
