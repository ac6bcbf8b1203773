"""What holds them together: hand-written code against the derived equations, and against its own forward."""

from checks.gradcheck import assert_gradients, gradcheck
from checks.hessian import hessian_check
from checks.implementation import Implementation
from checks.report import Report

__all__ = ["Implementation", "Report", "assert_gradients", "gradcheck", "hessian_check"]
