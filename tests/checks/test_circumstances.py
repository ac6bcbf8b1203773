"""Code that is wrong in float64 alone, or where a size is 1, is told so."""

import numpy as np

from checks import gradcheck


def rounded_forward(X, W, b):
    return (X.astype(np.float32) @ W.astype(np.float32) + b.astype(np.float32)).astype(X.dtype)


def rounded_backward(dY, X, W):
    given = dY.dtype
    dY, X, W = (array.astype(np.float32) for array in (dY, X, W))
    return {name: value.astype(given) for name, value in {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(0)}.items()}


def forward(X, W, b):
    return X @ W + b


def in_float32(dY, X, W):
    return {"dX": dY @ W.T, "dW": (X.T @ dY).astype(np.float32), "db": dY.sum(0)}


def told(report):
    return [diagnosis.mistake for diagnosis in report.diagnoses]


def test_code_that_works_in_float32_is_told_so():
    for pair in ((rounded_forward, rounded_backward), (forward, in_float32)):
        report = gradcheck(pair, "linear")
        assert report.verdict == "disagree"
        assert told(report) == ["--dtype float32"], report
    assert (
        gradcheck(
            (rounded_forward, lambda dY, X, W: {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(0)}),
            "linear",
            dtype="float32",
        ).verdict
        == "agree"
    )


def test_what_is_wrong_besides_is_told_as_well():
    def half(dY, X, W):
        return {**in_float32(dY, X, W), "db": (dY.sum(0) / 2).astype(np.float32)}

    assert told(gradcheck((forward, half), "linear"))[:2] == ["--dtype float32", "1/2"]


def test_a_small_mistake_is_not_taken_for_rounding():
    def nearly(dY, X, W):
        return {"dX": dY @ W.T * (1 + 1e-6), "dW": X.T @ dY, "db": dY.sum(0)}

    assert "--dtype float32" not in told(gradcheck((forward, nearly), "linear"))


def squeezed(dY, X, W):
    return {"dX": dY @ W.T, "dW": (X.T @ dY).squeeze(), "db": dY.sum(0)}


def test_where_a_size_of_one_makes_the_difference_it_is_told():
    from derivations import derive

    report = gradcheck((forward, squeezed), derive("linear", ["W"]), sizes={"N": 4, "D": 3})
    assert report.verdict == "disagree"
    assert "it fails where C is 1, and nowhere else (where C never is: --set C=3)" in report.diagnoses[-1].sentence
    assert gradcheck((forward, squeezed), derive("linear", ["W"]), sizes={"N": 4, "D": 3, "C": 3}).verdict == "agree"


def without_eps(dY, X, gamma):
    """Wrong by eps over the mean of the squares, which few digits see only where the gradient is as small as that."""
    mean = (X * X).mean(axis=1, keepdims=True)
    root = np.sqrt(mean + X.dtype.type(1e-5))
    dX = dY * gamma / root - X * (dY * gamma * X).mean(axis=1, keepdims=True) / (root * mean)
    return {"dX": dX.astype(X.dtype), "dgamma": (dY * X / root).sum(axis=0).astype(X.dtype)}


def rms_norm(X, gamma):
    return (X / np.sqrt((X * X).mean(axis=1, keepdims=True) + X.dtype.type(1e-5)) * gamma).astype(X.dtype)


def test_few_digits_do_not_tell_that_nothing_is_wrong_elsewhere():
    report = gradcheck((rms_norm, without_eps), "rms_norm", sizes={"eps": 1e-5}, dtype="float16")
    assert {f.case for f in report.findings if f.verdict == "disagree"} == {"N=5 D=1"}
    assert "nowhere else" not in str(report)


def test_a_dtype_alone_is_not_taken_for_a_matter_of_sizes():
    def wide(X):
        return np.tanh(X) * np.float64(1)

    report = gradcheck((wide, lambda dY, Y: (dY * (1 - Y * Y)).astype(np.float32)), "tanh", dtype="float32")
    assert {f.witness for f in report.findings if f.verdict == "disagree"} == {"dtype"}
    assert [d.hypothesis for d in report.diagnoses] == ["widened"]
    assert "for granted" not in str(report)
