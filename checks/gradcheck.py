"""One implementation against one derivation: is this hand-written backward right?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.adapters.axes import TRANSPOSED, orders_of, reordered, reordered_layer, with_transposes
from checks.adapters.complements import complemented, with_complements
from checks.adapters.frameworks import adapt, parameters_of
from checks.adapters.layer_lists import letters_and_number
from checks.adapters.value_and_gradient import with_told_cotangent
from checks.axis_orders import another_order
from checks.cases import all_cases, given_case, with_constants
from checks.circumstances import in_float32, only_at_one, widened
from checks.conduct import conduct
from checks.conventions import ANY, STATED, with_other_conventions
from checks.diagnosis import Diagnosis, diagnose
from checks.directions import along_a_direction
from checks.equal_sizes import equal_sizes, squared
from checks.implementation import Implementation, MisconductError, as_numbers
from checks.own_masks import DRAWN, drawing, own_mask, with_own_mask
from checks.precision import format_of
from checks.report import Report
from checks.small_sizes import at_small_sizes, right_when_small
from checks.sources import source_digests
from checks.stability import look_closer, weigh
from checks.trial import Trial, make_trial
from checks.verdict import Finding, judge
from checks.witnesses import WITNESSES, Witnesses
from derivations import Derivation, Layer, Tensor, derive

Pair = tuple[Callable[..., Any], Callable[..., Any]]


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
    one, if the code runs there.

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
    made, wanted = implementation, tuple(derivation.cotangents)
    told_names, told_axes = names, axes
    names, axes = with_transposes(names or {}, axes or {})
    names, complements = with_complements(names, layer)
    own = _own_settings(made, layer, sizes or {})
    told = {name: int(n) for name, n in (sizes or {}).items() if name in layer.size_names and float(n).is_integer()}
    known: dict[str, Any] = {**names, **told, **own}
    sizes = {name: n for name, n in (sizes or {}).items() if name not in own}

    def with_axes(axes: Mapping[str, str]) -> Implementation:
        orders = orders_of(layer, axes, sizes)
        adapted = adapt(made, reordered_layer(layer, orders), known, device, framework, wanted)
        adapted = complemented(adapted, complements)
        return reordered(with_told_cotangent(adapted, layer, sizes or {}), orders)

    implementation, theirs = with_axes(axes), reordered_layer(layer, orders_of(layer, axes, sizes))
    mask = own_mask(implementation, layer)
    if mask is not None:
        implementation = drawing(implementation, mask)
    if sizes and inputs is not None:
        raise ValueError("give sizes or inputs, not both: the inputs have sizes of their own")
    rng = np.random.default_rng(seed)
    if inputs is not None:
        cases = [given_case(layer, inputs, format)]
        fixed: dict[str, float] = {}
    else:
        tensors = {name: value for name, value in implementation.assumed.items() if name in layer.by_name}
        assumed = {name: value for name, value in implementation.assumed.items() if name not in tensors}
        given = {name: n for name, n in sizes.items() if name not in derivation.output_cotangents}
        fixed = {**implementation.sizes, **assumed, **given}
        drawn = all_cases(derivation, fixed, format, rng)
        cases = [with_constants(case, tensors) for case in drawn]
    if mask is not None:
        cases = [with_own_mask(case, implementation, layer, mask) for case in cases]

    findings: list[Finding] = []
    trials: list[Trial] = []
    for case in cases:
        trial = make_trial(implementation, derivation, case, format, rng)
        findings += _examine(trial, tuple(witnesses), rng, kinks, with_conduct=not trials)
        trials.append(trial)
    small, seen = [trial for trial in trials if trial.drawn is None], findings
    diagnoses: tuple[Diagnosis, ...] = ()
    wrong_at_all = any(finding.verdict == "disagree" for finding in findings)
    if not small and wrong_at_all and inputs is None and (there := at_small_sizes(trials[0], fixed)):
        small, seen = [there], _examine(there, tuple(witnesses), rng, kinks, with_conduct=False)
        diagnoses = tuple(right_when_small(findings, seen))
        diagnoses += tuple(replace(diagnosis, at=there.label) for diagnosis in diagnose(small, seen))
    elif small:
        diagnoses = diagnose(small, findings)
    if small and (wrong := _wrong_forward(small[0], seen) - {"dtype"}):
        # What has its shape at unequal sizes, and is wrong, is a mistake even where it is right at equal ones.
        shapeless = not wrong <= {"equations"}
        misread = equal_sizes(small[0], fixed) if inputs is None and shapeless else ()
        if not misread and not axes:
            misread = another_order(small, with_axes)
            if not misread and shapeless:
                squares = (another_order([trial], with_axes) for trial in squared(small[0], fixed))
                misread = next(filter(None, squares), ())
        # Where nothing can be compared, nothing else that would explain it can be true as well.
        diagnoses = misread if misread and shapeless else (*diagnoses, *misread)
    rounded = in_float32(findings) if format.name == "float64" and inputs is None else None
    if rounded is not None:
        again = gradcheck(
            made,
            derivation,
            sizes={**sizes, **own},
            dtype="float32",
            seed=seed,
            names=told_names,
            axes=told_axes,
            witnesses=witnesses,
            device=device,
            framework=framework,
            kinks=kinks,
        )
        diagnoses = (rounded, *again.diagnoses)
    diagnoses = (*diagnoses, *widened(findings), *only_at_one(findings))
    without = {name: value for name, value in implementation.assumed.items() if name not in (sizes or {})}
    return Report(
        layer=layer.name,
        implementation=implementation.name,
        dtype=format.name,
        seed=seed,
        findings=tuple(findings),
        diagnoses=diagnoses,
        sources=source_digests(implementation.functions),
        assumed={**(without if inputs is None else {}), **({mask.name: DRAWN} if mask else {})},
        guessed=implementation.guessed,
        axes={str(layer.by_name[name]): _shown(theirs.by_name[name], axes[name]) for name in axes},
    )


def _own_settings(made: Any, layer: Layer, sizes: Mapping[str, float]) -> dict[str, Any]:
    """Numbers that are told for parameters of the code's own, of which the layer knows nothing: whole ones as such."""
    known = {
        *layer.size_names,
        *(option.name for option in layer.options),
        *(f"d{each.name}" for each in layer.outputs),
    }
    theirs = parameters_of(made) - {*layer.by_name}
    own = {name: value for name, value in sizes.items() if name not in known and name in theirs}
    return {name: int(value) if float(value).is_integer() else float(value) for name, value in own.items()}


def assert_gradients(
    implementation: Implementation | Pair | Callable[..., Any], against: str | Layer | Derivation, **options: Any
) -> Report:
    """`gradcheck`, as one line of a test. Raises AssertionError, with the whole report, unless everything agrees."""
    report = gradcheck(implementation, against, **options)
    if report.verdict != "agree":
        raise AssertionError(f"\n{report}")
    return report


def _shown(theirs: Tensor, axes: str) -> str:
    """A tensor as the code has it; in the axes of a square one it does not show that it is transposed."""
    return f"{theirs} transposed" if axes.strip() == TRANSPOSED and len({*theirs.sizes}) == 1 else str(theirs)


def _wrong_forward(trial: Trial, findings: Sequence[Finding]) -> set[str]:
    """How a forward is found out at one case: by the equations, or because it raises, or by a shape.

    One that gives no output is found out by what it gives on the way.
    """
    given = {*trial.outputs} if any(f.cotangent in trial.outputs for f in findings) else {*trial.truth}
    names = given - {*trial.derivation.cotangents}
    here = [f for f in findings if f.case == trial.label and f.cotangent in names]
    return {finding.witness for finding in here if finding.verdict == "disagree"}


def _examine(
    trial: Trial, witnesses: tuple[str, ...], rng: np.random.Generator, kinks: str, *, with_conduct: bool
) -> list[Finding]:
    arguments = trial.arguments()
    try:
        results = trial.forward(arguments)
        forward = _judge_forward(trial, results)
    except MisconductError as misconduct:
        return [replace(_fault(trial, trial.outputs[0], misconduct.kind, misconduct.reason), ran=misconduct.ran)]
    try:
        returned = trial.backward(trial.arguments(), results)
    except MisconductError as misconduct:
        return [*forward, _fault(trial, _first_cotangent(trial), misconduct.kind, misconduct.reason)]
    got, faults = admissible(trial, returned)
    full_size = trial.drawn is not None
    asked = tuple(w for w in witnesses if w == "derivation") if full_size else witnesses
    judges, judged = Witnesses(trial, asked, rng), []
    for name, array in got.items():
        found = [weigh(trial, finding, array, Trial.gradients) for finding in judges.judge(name, array)]
        judged += look_closer(trial, name, array, found, asked, rng)
    if kinks == ANY and trial.on_kink:
        judged = with_other_conventions(trial, judged, got)
    if full_size:
        judged += along_a_direction(trial, got, witnesses, rng)
    behaviour = conduct(trial, got) if with_conduct and not faults else []
    return [*forward, *faults, *judged, *behaviour]


def _judge_forward(trial: Trial, results: Mapping[str, Any]) -> list[Finding]:
    """The outputs, and the intermediates that the forward returns under their names, against the equations."""
    findings = []
    for name, testimony in trial.truth.items():
        if name not in results or name in trial.derivation.cotangents:
            continue
        array, faults = _admit(trial, name, results[name])
        findings += faults
        if array is not None:
            bound, near = trial.bounds[name], trial.format.near
            finding = judge(trial.label, name, "equations", array, testimony, bound, near)
            findings.append(weigh(trial, finding, array, lambda again: again.forward(again.arguments())))
    return findings


def admissible(trial: Trial, returned: Mapping[str, Any]) -> tuple[dict[str, NDArray], list[Finding]]:
    """The arrays that can be compared, and what is wrong with the others."""
    expected = list(trial.derivation.cotangents)
    wanted = [name for name in expected if name.removeprefix("d") in trial.real_inputs]
    wanted = [name for name in wanted if name in returned or name[1:] not in trial.implementation.assumed]
    others = " ".join(f"--wrt {name.removeprefix('d')}" for name in wanted if name in returned)
    hint = f" (where it is not to, look at the others alone: {others})" if others else ""
    faults = [
        _fault(trial, name, "missing", f"the backward does not return {name}{hint}")
        for name in wanted
        if name not in returned
    ]
    between = [tensor.name for tensor in trial.derivation.layer.intermediates]  # what lies there is the code's own
    options = [option.name for option in trial.derivation.layer.options]  # which have no cotangent, and may have one
    known = {f"d{name}" for name in (*trial.real_inputs, *between, *options)}
    counted = {numbered[0] for name in between if (numbered := letters_and_number(name))}
    faults += [
        _fault(trial, str(name), "extra", f"the backward returns {name}, which the layer does not have")
        for name in returned
        if name not in known and (letters_and_number(str(name)[1:]) or ("",))[0] not in counted
    ]
    got = {}
    for name in wanted:
        if returned.get(name) is None:
            truth = trial.truth[name].value
            if name in returned and not truth.any():
                got[name] = np.zeros_like(truth)  # autograd's None, where the outputs do not depend on the input
            elif name in returned:
                reason = f"the backward has no {name}: it gives None, or the outputs do not depend on {name[1:]}"
                faults.append(_fault(trial, name, "missing", reason))
        else:
            array, found = _admit(trial, name, returned[name])
            faults += found
            if array is not None:
                got[name] = array
    return got, faults


def _admit(trial: Trial, name: str, value: Any) -> tuple[NDArray | None, list[Finding]]:
    """The value as a float64 array, if its shape is right; and what is wrong with its shape or dtype."""
    faults = []
    dtype, shape = getattr(value, "dtype", trial.format.dtype), trial.truth[name].value.shape
    try:
        array = as_numbers(name, value)
    except MisconductError as misconduct:
        return None, [_fault(trial, name, misconduct.kind, misconduct.reason)]
    if dtype != trial.format.dtype:
        faults.append(_fault(trial, name, "dtype", f"{name} has dtype {dtype}, expected {trial.format.name}"))
    if array.shape != shape and not (array.size == 1 and name in trial.outputs and not shape):  # a row of one is one
        faults.append(_fault(trial, name, "shape", f"{name} has shape {array.shape}, expected {shape}"))
        if [n for n in array.shape if n != 1] != [n for n in shape if n != 1]:
            return None, faults
    return array.reshape(shape), faults


def _first_cotangent(trial: Trial) -> str:
    return f"d{trial.real_inputs[0]}"


def _fault(trial: Trial, name: str, kind: str, reason: str) -> Finding:
    return Finding(trial.label, name, kind, "disagree", np.inf, reason)
