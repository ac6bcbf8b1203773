"""Mistakes with dropout."""

from checks import gradcheck
from numeric.dropout import dropout


def test_the_mask_is_left_out_of_the_backward(likeliest):
    """ddbourgin/numpy-ml, issue 94: the gradient is scaled by 1/keep, and not masked."""
    report = gradcheck((dropout, lambda dY, keep: dY / dY.dtype.type(keep)), "dropout", sizes={"keep": 0.75})
    assert likeliest(report, "dX")[0] == "operand left out"


def test_the_scale_is_left_out_of_the_backward(likeliest):
    """The other half of it: masked, and not scaled."""
    report = gradcheck((dropout, lambda dY, M: dY * M), "dropout", sizes={"keep": 0.75})
    assert likeliest(report, "dX") == ("constant factor", "keep")
