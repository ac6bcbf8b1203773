"""Whatever is typed: a verdict, soon, in little memory, and nothing of it is executed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import layer
from derivations.practice import formula_problem, grade, layer_problem

ROOT = Path(__file__).parents[3]
SINE = formula_problem("a", "calculus", "", layer("f", tensors="x y", equations="y = sin(x**2)"), "x")
PROBLEMS = [SINE, layer_problem("linear", "dW"), layer_problem("layer_norm", "dX"), layer_problem("conv1d", "dK")]
TRUTH = "2*x*cos(x**2)"

HOSTILE = {
    "deep brackets": "(" * 2000 + "x" + ")" * 2000,
    "fifty brackets": "(" * 49 + "x" + ")" * 49,
    "minus signs": "-" * 3000 + "x",
    "towers": "**".join(["x"] * 800),
    "powers of powers": "((x**64)**64)**64",
    "large numbers": "9**9**9**9",
    "long numbers": "9" * 4000,
    "huge floats": "1e308*1e308*x",
    "tiny floats": "1e-400",
    "exponentials": "exp(" * 40 + "x" + ")" * 40,
    "tangents": "tan(" * 40 + "x" + ")" * 40,
    "overflow": "exp(exp(exp(exp(exp(x*99)))))",
    "sine of overflow": "sin(exp(exp(exp(x*9))))",
    "a high power": "(x + 1)**64",
    "nested powers": "(((x + 1)**20 + 1)**20 + 1)**20",
    "a long sum": " + ".join(f"sin({k}*x)" for k in range(1, 250)),
    "a long product": "*".join(f"(x + {k})" for k in range(1, 150)),
    "many quotients": " + ".join(f"1/(x + {k})" for k in range(1, 80)),
    "a sum of the most parts": " + ".join(f"sin({k}*x)" for k in range(1, 198)),
    "a product of the most parts": "*".join(f"(x + {k})" for k in range(1, 280)),
    "the most quotients": " + ".join(f"1/(x + {k})" for k in range(1, 198)),
    "the truth and a hard zero": f"{TRUTH} + (x + 1)**40 - (x + 1)**40*(sin(x)**2 + cos(x)**2)",
    "the truth and a harder zero": f"{TRUTH} + ((x + 1)**9 + (x - 1)**9 + sin(x))**9*(sin(x)**2 + cos(x)**2 - 1)",
    "the truth, cancelled": f"{TRUTH}*" + "*".join(f"(x + {k})" for k in range(1, 40)) + "/("
    + "*".join(f"({k} + x)" for k in range(39, 0, -1)) + ")",
    "branches": "where(x > 0, " * 30 + "x" + ", 1)" * 30,
    "maxima": "maximum(x, " * 40 + "1" + ")" * 40,
    "logarithms": "log(log(log(log(x))))",
    "divided by a hidden zero": f"{TRUTH}/(sin(x)**2 + cos(x)**2 - 1)",
    "own names that double": "a0 = x + 1\n" + "\n".join(f"a{k + 1} = a{k}*a{k} + a{k}" for k in range(40)) + "\na40",
    "nested sums": "".join(f"sum[a{k}](X[a{k}, d]*" for k in range(9)) + "1" + ")" * 9,
    "many products": "@".join(["X", "X.T"] * 30) + "@X",
    "a power of a matrix": "*".join(["(X.T @ dY + W)"] * 6),
    "a product of sums": "*".join(f"sum[m{k}](X[m{k}, d]*dY[m{k}, c])" for k in range(9)),
    "new axes": "X" + "[:, None]" * 20,
    "an import": "__import__('os').system('echo executed')",
    "attributes": "x.__class__.__bases__[0].__subclasses__()",
    "a lambda": "(lambda: x)()",
    "an assignment": "(x := 3)",
    "a format": "f'{x.__class__}'",
    "a comprehension": "[x for x in (1, 2)]",
    "starred": "exp(*x)",
    "a huge string": "'a'*1000000000",
    "megabytes": "x + " * 500_000 + "x",
    "a million lines": "x\n" * 1_000_000,
    "look-alikes": "х + 1",
    "full-width": "ｘ + １",
    "nothing": "\0",
    "right to left": "\u202ex + 1",
    "equals signs": "=" * 1000,
    "chained equals signs": "x=" * 500 + "1",
    "commas": "(" + "," * 1000 + ")",
    "comparisons": "<".join(["x"] * 500),
    "a number of ten billion digits": "10**10**10",
    "ten thousand brackets": "(" * 10000 + "x" + ")" * 10000,
    "a tower": "x**x**x**x**x",
    "a tower from the left": "((((x**x)**x)**x)**x)**x",
    "a factorial": "*".join(map(str, range(1, 200))),
    "a number to a power to a power": f"(({'9' * 29})**64)**64",
    "a number beyond every float": "1e64*1e64*1e64*1e64*1e64*x",
    "an exponent beyond every float": "1e999999",
    "sums of one": "sum[n](sum[d](sum[c](W[d, c]*X[n, d]*0 + 1)))",
    "a huge factor of a sum": "sum[n](X[n, d]*dY[n, c])*10**30",
    "a huge index": "X[999999999999999999999, d]*dY[0, c]",
    "a huge stride": "sum[n](X[1000000000*n, d]*dY[n, c])",
    "a huge remainder": "X[n % 1000000007, d]*dY[n, c]",
    "a lone surrogate": "x + \ud800",
    "marks of direction": "x \u2066+ 1\u2069",
    "nothing wide": "x\u200b + 1",
    "full-width digits": "２*x",
    "Arabic digits": "٢*x",
    "a Cyrillic sine": "sіn(x)",
    "an accent": "x\u0301",
    "a mark of byte order": "\ufeffx",
    "another end of line": "x\u2028+ 1",
    "doubling exponentials": "a0 = exp(x)\n" + "\n".join(f"a{k + 1} = exp(a{k} + a{k})" for k in range(30)) + "\na30",
    "many names": "\n".join(f"a{k} = x" for k in range(59)) + "\na0",
    "many kinks": " + ".join(f"abs(x - {k})" for k in range(60)),
    "many conditions": "*".join(f"[x > {k}]" for k in range(60)),
    "kinks that cancel": f"{TRUTH} + "
    + " + ".join(f"maximum(x - {k}, sin(x)) - maximum(sin(x), x - {k})" for k in range(8)),
    "circles that close": f"{TRUTH}*" + "*".join(f"(sin({k}*x)**2 + cos({k}*x)**2)" for k in range(1, 12)),
    "roots that cancel": f"{TRUTH}*" + "*".join(f"sqrt(x**2 + {k})/sqrt({k} + x*x)" for k in range(1, 30)),
    "logarithms that cancel": f"{TRUTH} + " + " + ".join(f"log(x**2 + {k})" for k in range(1, 30)) + " - log("
    + "*".join(f"(x**2 + {k})" for k in range(1, 30)) + ")",
    "powers that cancel": f"{TRUTH}*((x + 1)**20*(x - 1)**20 - (x**2 - 1)**20 + 1)",
    "a chain of matrices": " @ ".join(["X.T", "X"] * 20) + " @ W",
    "a hundred matrices": " + ".join(["X.T @ dY"] * 100) + " - 99*X.T @ dY",
}  # fmt: skip


@pytest.mark.parametrize(("number", "answer"), list(enumerate(HOSTILE.values())), ids=HOSTILE)
def test_hostile_answers_get_a_verdict(number, answer):
    check(SINE, answer)
    check(PROBLEMS[1 + number % 3], answer)


def check(problem, answer):
    verdict = grade(problem, answer)
    assert verdict.status in {"right", "wrong", "unreadable", "undecided"}
    assert "\n" not in verdict.sentence
    assert len(verdict.sentence) < 2000
    if verdict.status == "unreadable":
        assert verdict.line >= 1
        assert verdict.column >= 1
    return verdict


def test_the_largest_answers_are_judged_and_larger_ones_are_refused():
    for name in ("a sum of the most parts", "a product of the most parts", "the most quotients"):
        assert grade(SINE, HOSTILE[name]).status == "wrong"
    verdict = grade(SINE, HOSTILE["a long sum"])
    assert verdict.status == "unreadable"
    assert verdict.sentence.endswith("the expression has more than 2000 parts")


def test_a_hard_zero_is_no_mistake():
    for name in ("the truth and a hard zero", "the truth and a harder zero", "kinks that cancel"):
        assert grade(SINE, HOSTILE[name]).status in {"right", "undecided"}
    for name in ("circles", "roots", "logarithms", "powers"):
        (answer,) = (answer for key, answer in HOSTILE.items() if key.startswith(name) and "that c" in key)
        assert grade(SINE, answer).status == "right"


CHILD = """
import resource, sys
from derivations import layer
from derivations.practice import formula_problem, grade, layer_problem
from tests.derivations.practice.test_hostile import HOSTILE, PROBLEMS

grade(PROBLEMS[0], "cos(x**2)"), grade(PROBLEMS[1], "-X.T @ dY"), grade(PROBLEMS[3], "dY")
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 500_000_000, held + 500_000_000))
FORBIDDEN = ("exec", "open", "import", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "marshal.", "pickle.")
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith(FORBIDDEN) and watching else None)
watching = True
for number, answer in enumerate(HOSTILE.values()):
    grade(PROBLEMS[number % 2], answer)
watching = False
print(sorted(set(seen)))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory in use is read from /proc")
def test_hostile_answers_take_little_memory_and_nothing_is_executed():
    done = subprocess.run([sys.executable, "-c", CHILD], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------------------------------------ fuzz

WORDS = """
    x y X W d n c N 0 1 2 3 dY dW Y b e pi sin cos exp log tan sqrt abs sum mean max maximum where diag outer np
    . .T @ + - * / ** ^ // % ( ) [ ] [n,d] [n] sum[n]( sum[d]( .sum( axis=0 = == < > , : None ' ² · σ Σ
    u 1/2 1e9 99 Z P T k [T[n]] sign tanh slope dP dL sum[k]( [c=T[n]]
    and or not if else lambda _ __ { } inf True 0.5 64 D C ! x**2
"""
TOKENS = [*WORDS.split(), " ", "\n", "#", "\\", "u = ", "where(x > 0,", "(x + 1)", "X[n, d]", "dY[n, c]"]
TOKENS += ["Σ_n ", "sum_(n, c) ", "\\sum_{n} ", "2x", "3(", "½", ")", '"', "**T"]
TOKENS += ['einsum("nd,nc->dc", ', "einsum('n,n', "]
SOUP = st.lists(st.sampled_from(TOKENS), max_size=25).map("".join)
FORMULA = st.recursive(
    st.sampled_from(["x", "2", "y", "1/3", "pi", "X", "dY", "W", "X[n, d]", "dY[n, c]", "N", "0"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/@^"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(
            st.sampled_from(["sin", "exp", "log", "tan", "sqrt", "abs", "tanh", "sign", "diag", "sum"]), inner
        ).map(lambda t: f"{t[0]}({t[1]})"),
        inner.map(lambda t: f"({t}).T"),
        inner.map(lambda t: f"sum[n]({t})"),
        st.tuples(inner, inner, inner).map(lambda t: f"where({t[0]} > {t[1]}, {t[2]}, 1)"),
        st.tuples(inner, st.integers(-70, 70)).map(lambda t: f"({t[0]})**{t[1]}"),
    ),
    max_leaves=12,
)
FUZZED = [
    *PROBLEMS,
    formula_problem("b", "calculus", "", layer("f", tensors="x y", equations="y = abs(x)*log(1 + x**2)"), "x"),
    formula_problem("c", "calculus", "", layer("f", tensors="x[] > 0 y", equations="y = x**x"), "x"),
    layer_problem("softmax", "dZ"),
    layer_problem("leaky_relu", "dX"),
    layer_problem("cross_entropy", "dP"),
]
TYPED = st.one_of(st.text(max_size=200), SOUP, FORMULA, st.tuples(SOUP, FORMULA, SOUP).map("".join))


@given(st.sampled_from(FUZZED), TYPED)
def test_whatever_is_typed_gets_a_verdict(problem, answer):
    check(problem, answer)


@pytest.mark.thorough
def test_a_minute_of_whatever_may_be_typed(capsys):
    seconds = {}

    @settings(max_examples=300, deadline=None, database=None)
    @given(st.sampled_from(FUZZED), TYPED)
    def fuzz(problem, answer):
        began = time.monotonic()
        check(problem, answer)
        seconds[problem.id, answer] = time.monotonic() - began

    end = time.monotonic() + 60
    while time.monotonic() < end:
        fuzz()
    slowest = max(seconds, key=lambda key: seconds[key])
    with capsys.disabled():
        print(f"\n{len(seconds)} answers; the slowest took {seconds[slowest]:.2f} s: {slowest}")


@given(FORMULA)
def test_an_answer_and_zero_are_judged_alike(answer):
    """A right answer stays right, and a wrong one stays wrong, with a zero added."""
    first = grade(SINE, answer)
    second = grade(SINE, f"({answer}) + 0")
    if first.status in {"right", "wrong"}:
        assert second.status == first.status
