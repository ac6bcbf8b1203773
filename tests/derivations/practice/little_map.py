"""A map of three skills whose answers are known by hand, and a command that practises them: a session to drive."""

import sys
import time
from dataclasses import replace
from pathlib import Path

from derivations.notation import layer
from derivations.practice.command import Wish, run_session
from derivations.practice.problem import formula_problem, layer_problem
from derivations.practice.skill import PracticeError, Skill

HINTS = ("the power rule", "the exponent comes down,\n  and is one less", "x**n becomes n*x**(n - 1)")


def power(rng, difficulty):
    """`x**n`; the exponent is above 10 at the hardest."""
    n = int(rng.integers(2, 7)) + 10 * (difficulty == 3)
    of = layer("power", "", tensors="x y", equations=f"y = x**{n}")
    problem = formula_problem(
        "p", "p", f"y = x**{n}. What is dy/dx?", of, "x", [("one less in the exponent", f"{n}*x**{n}")]
    )
    return replace(problem, make_hints=lambda problem, so_far: HINTS)


def nested(rng, difficulty):
    n = int(rng.integers(2, 7))
    of = layer("nested", "", tensors="x y", equations=f"y = sin({n}*x)")
    return formula_problem("p", "p", f"y = sin({n}*x). What is dy/dx?", of, "x")


def linear(rng, difficulty):
    return layer_problem("linear", "dW")


SKILLS = {
    skill.name: skill
    for skill in (
        Skill("powers", "Powers", "derivatives", (), power),
        Skill("nested", "Nested functions", "chain rule", ("powers",), nested),
        Skill("linear", "The linear layer", "layers", ("nested", "powers"), linear),
    )
}


def answer_to(prompt):
    """What is right, by hand."""
    if "sin" in prompt:
        n = prompt.partition("sin(")[2].partition("*")[0]
        return f"{n}*cos({n}*x)"
    if "**" in prompt:
        n = int(prompt.partition("**")[2].partition(".")[0])
        return f"{n}*x**{n - 1}"
    return "X.T @ dY"


if __name__ == "__main__":  # FILE or -, seed, practice or test, names
    file, seed, kind, *names = sys.argv[1:]
    try:
        path = None if file == "-" else Path(file)
        wish = Wish(names, int(seed), test=kind == "test")
        right = run_session(wish, SKILLS, path, sys.stdin, sys.stdout, time.time)
    except PracticeError as error:
        sys.exit(f"refused: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if right else 1)
