"""One implementation against one derivation: is this hand-written backward right?"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from checks.cases import Case, all_cases, given_case, with_constants
from checks.circumstances import in_float32, only_at_one, widened
from checks.conventions import ANY, STATED
from checks.examination import Examiner
from checks.explanations import explanations
from checks.implementation import Implementation
from checks.own_masks import DRAWN, drawing, own_mask
from checks.precision import Format, format_of
from checks.report import Report
from checks.sources import source_digests
from checks.subject import Pair, Subject
from checks.trial import Trial, make_trial
from checks.verdict import Finding
from checks.witnesses import WITNESSES
from derivations import Derivation, Layer, derive


def gradcheck(
    implementation: Implementation | Pair | Callable[..., Any],
    against: str | Layer | Derivation,
    *,
    sizes: Mapping[str, float] | None = None,
    inputs: Mapping[str, Any] | None = None,
    dtype: str = "float64",
    seed: int = 0,
    names: Mapping[str, str] | None = None,
    axes: Mapping[str, str] | None = None,
    witnesses: Sequence[str] = tuple(WITNESSES),
    device: str = "cpu",
    framework: str | None = None,
    kinks: str = STATED,
) -> Report:
    """Check a forward and a backward against a layer, in the dtype that they run in.

    `implementation` is a pair of plain functions, one that returns a loss and its gradient, a class or an object with a
    forward and a backward, an Implementation, or code that PyTorch or JAX differentiates: a function, a
    `torch.autograd.Function` or its `apply`, a `torch.nn.Module`, a `jax.custom_vjp`. How they are called is told in
    the modules of `adapters`; `names` maps a parameter's name to a tensor's, or to `W.T` for a matrix that the code
    keeps transposed, or to `1-keep` for a number that it has instead of keep, and `axes` a tensor's name to the order
    in which the code has its axes, `{"X": "NCHW"}`. `against` is a layer of the catalogue, a Layer or a Derivation.
    `dtype` is float64, float32, float16 or, where ml_dtypes is installed, bfloat16; `device` is cpu or cuda.
    `framework` is torch or jax where nothing in the code shows it; a pair's functions are then given that framework's
    tensors instead of NumPy arrays.

    In `sizes` the dL of a loss is what its backward takes it to be for good, such as 1, and a parameter that is the
    code's own is that number, `{"block": 2}`. With `kinks` "any" instead of "stated", a cotangent on a kink may be any
    between the slopes of its sides, as ReLU's at 0, which is 0 here, may be 1.

    `inputs` gives the values of all inputs and options (and of output cotangents, if they matter). Otherwise they are
    drawn with `seed`, for the `sizes` and options given; where sizes are left open, at several: all different and
    above 2, with paddings and strides at work and at rest, each of them 1, and all of them 2; and where the layer has
    kinks, at inputs that lie on them, and beyond those that lie off zero.

    A case whose equations have more than 4 million terms is one of full size: of every output and every cotangent up to
    64 entries are drawn at random and evaluated exactly, all others are looked at together, along a random direction;
    what is wrong is looked for at small sizes. What a dtype leaves in doubt, all witnesses look at again in a finer
    one, if the code runs there; what float16 and bfloat16 agree with, float32 has to agree with as well, but for
    roundings in the few digits.

    Whatever the implementation does wrong is a finding of the Report. Raises ValueError for a dtype, size, input,
    witness, device or framework that does not exist, and DerivationError for an unknown layer or for inputs that do
    not fit it.
    """
    derivation = against if isinstance(against, Derivation) else derive(against)
    layer, format = derivation.layer, format_of(dtype)
    format.dtype  # noqa: B018 - say now, and once, that bfloat16 is not installed
    unknown = [witness for witness in witnesses if witness not in WITNESSES]
    if unknown:
        raise ValueError(f"no witness is called {unknown[0]!r}: choose from {', '.join(WITNESSES)}")
    if kinks not in (STATED, ANY):
        raise ValueError(f"kinks is {kinks!r}; expected {STATED} or {ANY}")
    wanted = tuple(derivation.cotangents)
    subject = Subject.told(implementation, layer, wanted, names or {}, axes or {}, sizes or {}, device, framework)
    adapted = subject.adapted()
    mask = own_mask(adapted, layer, format.dtype)
    if mask is not None:
        adapted = drawing(adapted, layer, mask)
    if subject.sizes and inputs is not None:
        raise ValueError("give sizes or inputs, not both: the inputs have sizes of their own")
    rng = np.random.default_rng(seed)
    fixed: dict[str, float] | None = None
    if inputs is not None:
        cases = [given_case(layer, inputs, format)]
    else:
        fixed = _fixed(adapted, subject, derivation)
        cases = _drawn_cases(adapted, derivation, fixed, format, rng)

    examiner = Examiner(tuple(witnesses), rng, kinks)
    findings: list[Finding] = []
    trials: list[Trial] = []
    with threadpool_limits(limits=1, user_api="blas"):  # small products: more threads only wait for each other
        for case in cases:
            trial = make_trial(adapted, derivation, case, format, rng)
            findings += examiner.examine(trial, with_conduct=not trials)
            trials.append(trial)
        diagnoses = explanations(subject, examiner, trials, findings, fixed)
    again = partial(
        gradcheck,
        implementation,
        derivation,
        sizes=sizes,
        dtype="float32",
        seed=seed,
        names=names,
        axes=axes,
        witnesses=witnesses,
        device=device,
        framework=framework,
        kinks=kinks,
    )
    if format.name == "float64" and inputs is None and (rounded := in_float32(findings)):
        diagnoses = (rounded, *again().diagnoses)
    at_one = only_at_one(findings)
    if at_one and format.near and at_one[0].mistake not in {each.mistake for each in again().diagnoses}:
        at_one = ()  # few digits may hide what is wrong elsewhere
    without = {name: value for name, value in adapted.assumed.items() if inputs is None and name not in (sizes or {})}
    options = {option.name for option in layer.options} - {*(sizes or {})}
    return Report(
        layer=layer.name,
        implementation=adapted.name,
        dtype=format.name,
        seed=seed,
        findings=tuple(findings),
        diagnoses=(*diagnoses, *widened(findings), *at_one),
        sources=source_digests(adapted.functions),
        assumed={**without, **({mask.name: DRAWN} if mask else {})},
        guessed=adapted.guessed,
        settled={name: value for name, value in adapted.sizes.items() if name in options},
        axes=subject.axes_shown,
    )


def _fixed(adapted: Implementation, subject: Subject, derivation: Derivation) -> dict[str, float]:
    """Sizes and options that are not drawn: those that the code has, those that it does without, and those told."""
    assumed = {name: number for name, number in adapted.assumed.items() if name not in derivation.layer.by_name}
    given = {name: n for name, n in subject.sizes.items() if name not in derivation.output_cotangents}
    return {**adapted.sizes, **assumed, **given}


def _drawn_cases(
    adapted: Implementation,
    derivation: Derivation,
    fixed: Mapping[str, float],
    format: Format,
    rng: np.random.Generator,
) -> list[Case]:
    """All cases; the tensors that the code does without are what it takes them to be."""
    tensors = {name: number for name, number in adapted.assumed.items() if name in derivation.layer.by_name}
    return [with_constants(case, tensors) for case in all_cases(derivation, fixed, format, rng)]


def assert_gradients(
    implementation: Implementation | Pair | Callable[..., Any], against: str | Layer | Derivation, **options: Any
) -> Report:
    """`gradcheck`, as one line of a test. Raises AssertionError, with the whole report, unless everything agrees."""
    report = gradcheck(implementation, against, **options)
    if report.verdict != "agree":
        raise AssertionError(f"\n{report}")
    return report
