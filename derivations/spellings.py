"""How the notation says what people type elsewhere: the second half of an error's line."""

from __future__ import annotations

import unicodedata

# By the name of a function, of one value or along an index.
_FUNCTIONS = {
    "relu": "maximum(0, x)",
    "leaky_relu": "where(x > 0, x, x/100)",
    "elu": "where(x > 0, x, exp(x) - 1)",
    "softplus": "log(1 + exp(x))",
    "silu": "x*sigmoid(x)",
    "swish": "x*sigmoid(x)",
    "gelu": "x*(1 + erf(x/sqrt(2)))/2",
    "logistic": "sigmoid(x)",
    "expit": "sigmoid(x)",
    "softmax": "exp(Z[n, c])/sum[k](exp(Z[n, k]))",
    "log_softmax": "Z[n, c] - log(sum[k](exp(Z[n, k])))",
    "logsumexp": "log(sum[k](exp(Z[n, k])))",
    "clip": "minimum(maximum(x, 0), 1)",
    "clamp": "minimum(maximum(x, 0), 1)",
    "ln": "log(x)",
    "log2": "log(x)/log(2)",
    "log10": "log(x)/log(10)",
    "log1p": "log(1 + x)",
    "expm1": "exp(x) - 1",
    "pow": "x**3",
    "power": "x**3",
    "square": "x**2",
    "rsqrt": "1/sqrt(x)",
    "reciprocal": "1/x",
    "cosh": "(exp(x) + exp(-x))/2",
    "sinh": "(exp(x) - exp(-x))/2",
    "tan": "sin(x)/cos(x)",
    "min": "minimum(a, b), or along an index -max[d](-X[n, d])",
    "amax": "max[d](X[n, d])",
    "amin": "-max[d](-X[n, d])",
    "argmax": "[c = argmax[k](Z[n, k])], which is 1 where c is the place of the largest",
    "prod": "exp(sum[d](log(X[n, d]))), of numbers above 0",
    "var": "mean[d]((X[n, d] - m[n])**2), with m[n] = mean[d](X[n, d])",
    "std": "sqrt(mean[d]((X[n, d] - m[n])**2)), with m[n] = mean[d](X[n, d])",
    "norm": "sqrt(sum[d](X[n, d]**2))",
    "dot": "sum[d](X[n, d]*W[d, c])",
    "matmul": "sum[d](X[n, d]*W[d, c])",
    "einsum": "sum[d](X[n, d]*W[d, c])",
    "cumsum": "sum[k](where(k <= n, X[k, d], 0))",
    "onehot": "[c = T[n]]",
    "one_hot": "[c = T[n]]",
    "e": "exp(x)",
}
_CHARACTERS = {
    "^": "a power is x**2",
    "@": "a product of matrices is sum[d](X[n, d]*W[d, c])",
    "&": "conditions are joined by and",
    "~": "the contrary of a condition is not (...)",
    "|": "an absolute value is abs(x), and conditions are joined by or",
    ":": "every index has a letter, as in sum[d](X[n, d])",
    "{": "brackets are round, and whole numbers in a range are declared as T[N] in 0..1",
    ";": "an equation has a line of its own",
}


def of_function(name: str) -> str:
    """`; write maximum(0, x)` for what is called relu elsewhere, or nothing."""
    return f"; write {_FUNCTIONS[name.lower()]}" if name.lower() in _FUNCTIONS else ""


def of_character(character: str) -> str:
    """`: a power is x**2` for `^`, the name of a Greek letter, or nothing."""
    if character in _CHARACTERS:
        return f": {_CHARACTERS[character]}"
    greek, _, letter = unicodedata.name(character, "").partition(" LETTER ")
    return f": write {letter.lower()}" if greek in ("GREEK SMALL", "GREEK CAPITAL") and letter.isalpha() else ""
