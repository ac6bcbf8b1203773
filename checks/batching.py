"""Many runs of one function at once: an array with one more axis than its user sees.

A `Batch` looks like one sample and computes with all of them: universal functions, indexing and the functions of NumPy
act on the visible axes (NEP 13 and NEP 18), and the hidden axis of samples stays first. Most functions have a rule; one
that has none is called once for every sample. Whatever leaves the samples' values out of sight (a conversion to a
number or an array, a branch that the samples take differently, a buffer of the user's own) raises `UnbatchableError`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from checks.implementation import MisconductError

# What may go wrong with code that was written for one sample; it is then called once for every sample.
TROUBLE = (MisconductError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# As many numbers as stay in a processor's cache while a forward runs.
NUMBERS_AT_ONCE = 1 << 18
# How far from its point a forward is tried with several: not out of its domain, and yet far beyond rounding.
NEARBY = 2.0**-10
# The order of additions may change from one sample to many, nothing else may.
FEW_ROUNDINGS = 32 * 2.0**-53

Forward = Callable[[Any], Any]
# Many points [S, ...] to the results of all of them [S, ...].
Samples = Callable[[NDArray], NDArray]


class UnbatchableError(TypeError):
    """What was asked for has no answer that holds for all samples."""


class NoRuleError(Exception):
    """A rule does not cover these arguments of its function."""


class Batch(NDArrayOperatorsMixin):
    """Samples of an array, side by side: `rows` is [S, ...], and everything else here is as it is for one sample."""

    def __init__(self, rows: NDArray) -> None:
        self.rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self.rows.shape[1:]

    @property
    def ndim(self) -> int:
        """The number of axes of one sample."""
        return self.rows.ndim - 1

    @property
    def size(self) -> int:
        """The number of entries of one sample."""
        return self.rows[0].size

    @property
    def nbytes(self) -> int:
        """The memory that one sample takes."""
        return self.rows[0].nbytes

    @property
    def dtype(self) -> np.dtype:
        """The dtype of all samples."""
        return self.rows.dtype

    @property
    def T(self) -> "Batch":  # noqa: N802 - NumPy's name
        """The visible axes in reverse order."""
        return _transpose(self)

    @property
    def real(self) -> "Batch":
        """The real parts."""
        return Batch(self.rows.real)

    @property
    def imag(self) -> "Batch":
        """The imaginary parts."""
        return Batch(self.rows.imag)

    def beside(self, array: NDArray) -> "Batch":
        """The same array in every sample, not to be written to."""
        return Batch(np.broadcast_to(array, (len(self.rows), *np.shape(array))))

    def conj(self) -> "Batch":
        """The complex conjugates."""
        return Batch(self.rows.conj())

    def astype(self, dtype: Any, **options: Any) -> "Batch":
        """The samples in another dtype."""
        return Batch(self.rows.astype(dtype, **options))

    def copy(self) -> "Batch":
        """The samples in memory of their own."""
        return Batch(self.rows.copy())

    def fill(self, value: Any) -> None:
        """Set every entry."""
        self[...] = value

    def reshape(self, *shape: Any, order: str = "C") -> "Batch":
        """Every sample in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> "Batch":
        """Every sample with its axes in another order."""
        return _transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def flatten(self) -> "Batch":
        """Every sample in one axis, in memory of its own."""
        return self.reshape(-1).copy()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in METHODS:
            raise AttributeError(f"a batch has no {name}")
        return lambda *args, **options: METHODS[name](self, *args, **options)

    def __len__(self) -> int:
        if not self.ndim:
            raise UnbatchableError("a number has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator["Batch"]:
        return (self[place] for place in range(len(self)))

    def __bool__(self) -> bool:
        first = bool(self.rows[0])
        if any(bool(row) != first for row in self.rows):
            raise UnbatchableError("the samples take different branches")
        return first

    def _no_number(self) -> Any:
        raise UnbatchableError("many samples are no number")

    __float__ = __int__ = __index__ = __complex__ = _no_number

    def __array__(self, *_: Any, **__: Any) -> NDArray:
        raise UnbatchableError("many samples are not one array")

    def __getitem__(self, key: Any) -> "Batch":
        return Batch(self.rows[_whole_key(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, Batch) and key.dtype == bool and not _ndim(value):
            self.rows[key.rows] = value.rows if isinstance(value, Batch) else value
            return
        whole = _whole_key(key)
        self.rows[whole] = _aligned(value, self.rows[whole].ndim - 1) if isinstance(value, Batch) else value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.pop("out", ())
        if not all(isinstance(each, Batch) for each in out):
            raise UnbatchableError("a buffer for one sample cannot hold many")
        if ufunc is np.matmul and method == "__call__" and not options:
            return _matmul(*inputs, *out)
        if ufunc.signature is not None and method == "__call__" and not (options or out or "?" in ufunc.signature):
            return _over_cores(ufunc, inputs)
        if ufunc.signature is None and method == "__call__":
            ndim = max(map(_ndim, (*inputs, *out)))
            rows = [_aligned(each, ndim) for each in inputs]
            if options:
                options = {name: _aligned(value, ndim) for name, value in options.items()}
            if out:
                if any(each.ndim < ndim for each in out):
                    raise UnbatchableError("a buffer with fewer axes than the result")
                ufunc(*rows, out=tuple(each.rows for each in out), **options)
                return out if len(out) > 1 else out[0]
            results = ufunc(*rows, **options)
            return tuple(map(Batch, results)) if ufunc.nout > 1 else Batch(results)
        if out:
            options["out"] = out[0]
        return _sample_by_sample(len(self.rows), getattr(ufunc, method), inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Sequence[Any], options: dict[str, Any]) -> Any:
        rule = RULES.get(function)
        if rule is not None and not (options and any(isinstance(value, Batch) for value in options.values())):
            try:
                return rule(*args, **options)
            except NoRuleError:
                pass  # called for every sample below
        if function in CREATIONS:  # `like=` has brought it here
            shape, *rest = args
            return Batch(function((len(self.rows), *np.atleast_1d(shape)), *rest, **options))
        return _sample_by_sample(len(self.rows), function, args, options)


def sampled(
    forward: Forward, again: Forward, point: NDArray, shift: NDArray
) -> tuple[Samples, bool, list[MisconductError]]:
    """A function of many points [S, ...] that gives the results of all, whether it takes one call for many, and a list.

    `forward` and `again` are the same function; `forward` is called once, at `point`, and what it raises there is
    raised. `again` is called with many points at once if, tried at `point` and shifted from it, that gives what it
    gives for each of them. A point that it refuses lies outside its domain, the results are NaN, and the list will hold
    the refusal; where it refuses all points, it is no matter of the domain, and MisconductError is raised.
    """

    def one_by_one(points: NDArray) -> NDArray:
        results = [_result_or_refusal(again, each) for each in points]
        refused = [result for result in results if isinstance(result, MisconductError)]
        if refused and len(refused) == len(results):
            raise refused[0]
        refusals.extend(refused)
        nowhere = np.full_like(base, np.nan)
        return np.stack([nowhere if isinstance(result, MisconductError) else result for result in results])

    def at_once(points: NDArray) -> NDArray:
        try:
            return _results(again(Batch(points)), len(points))
        except TROUBLE:  # one of them is outside the domain, or takes another branch
            return one_by_one(points)

    refusals: list[MisconductError] = []
    base = _result(forward(point.copy())).copy()
    halved = np.where(np.arange(point.size).reshape(point.shape) % 2, shift, 0)
    trial = np.stack([point, point + shift, point + halved])
    try:
        with np.errstate(all="ignore"):
            expected = np.concatenate([base[None], one_by_one(trial[1:])])
            got = _results(again(Batch(trial.copy())), len(trial))
    except TROUBLE:
        return one_by_one, False, refusals
    alike = _alike(got, expected)
    return at_once if alike else one_by_one, alike, refusals


def _result_or_refusal(forward: Forward, point: NDArray) -> NDArray | MisconductError:
    try:
        return _result(forward(point.copy())).copy()  # it may be a buffer that the next call writes to
    except MisconductError as misconduct:
        if misconduct.kind != "raises":
            raise
        return misconduct


def _result(value: Any) -> NDArray:
    array = np.asarray(value)
    return array if array.dtype.kind == "c" else array.astype(np.float64, copy=False)


def _results(value: Any, count: int) -> NDArray:
    return _result(value.rows if isinstance(value, Batch) else np.broadcast_to(value, (count, *np.shape(value))))


def _alike(got: NDArray, expected: NDArray) -> bool:
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return False
    parts = [(got.real, expected.real), (got.imag, expected.imag)] if got.dtype.kind == "c" else [(got, expected)]
    return all(_nearly_equal(*pair) for pair in parts)


def _nearly_equal(got: NDArray, expected: NDArray) -> bool:
    size = np.abs(np.where(np.isfinite(expected), expected, 0)).max(initial=0.0)
    near = (got == expected) | (np.abs(got - expected) <= FEW_ROUNDINGS * size)
    return bool((near | (np.isnan(got) & np.isnan(expected))).all())


def _ndim(value: Any) -> int:
    return value.rows.ndim - 1 if isinstance(value, Batch) else np.ndim(value)


def _aligned(value: Any, ndim: int) -> Any:
    """The rows of a batch, with axes of length 1 behind the hidden one until `ndim` are visible."""
    if not isinstance(value, Batch):
        return value
    rows = value.rows
    missing = ndim + 1 - rows.ndim
    if missing < 0:
        raise UnbatchableError("more axes than there is room for")
    return rows.reshape(len(rows), *(1,) * missing, *rows.shape[1:]) if missing else rows


def _whole_key(key: Any) -> tuple[Any, ...]:
    """An index of the visible axes, as one of the rows."""
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(part, Batch) for part in parts):
        raise UnbatchableError("every sample has an index of its own")
    arrays = [isinstance(part, (list, np.ndarray)) for part in parts]
    if any(arrays):
        # NumPy moves the axis of index arrays to the front, before the hidden one, where they are not side by side.
        places = [
            place
            for place, part in enumerate(parts)
            if arrays[place] or (isinstance(part, int | np.integer) and not isinstance(part, bool))
        ]
        if places[-1] - places[0] >= len(places):
            raise UnbatchableError("index arrays that are not side by side")
    return (slice(None), *parts)


def _sample_by_sample(count: int, function: Callable, args: Sequence[Any], options: dict[str, Any]) -> Any:
    """What has no rule: one call for every sample. In-place functions write to views of the rows."""
    out = options.get("out")
    if out is not None and not isinstance(out, Batch):
        raise UnbatchableError("a buffer for one sample cannot hold many")
    results = [function(*_picked(args, row), **_picked(options, row)) for row in range(count)]
    if out is not None:
        return out
    if results[0] is None and not (args and isinstance(args[0], Batch)):
        raise UnbatchableError("a buffer for one sample cannot hold many")
    if _shares_memory(results[0], args):
        raise UnbatchableError(f"{function.__name__} gives a view that cannot be had of many samples")
    return _stacked(results)


def _picked(value: Any, row: int) -> Any:
    if isinstance(value, Batch):
        return value.rows[row]
    if isinstance(value, tuple | list):
        return type(value)(_picked(each, row) for each in value)
    return {name: _picked(each, row) for name, each in value.items()} if isinstance(value, dict) else value


def _shares_memory(result: Any, args: Any) -> bool:
    if isinstance(result, tuple | list):
        return any(_shares_memory(each, args) for each in result)
    if isinstance(args, tuple | list):
        return any(_shares_memory(result, each) for each in args)
    return isinstance(args, Batch) and isinstance(result, np.ndarray) and np.may_share_memory(result, args.rows)


def _stacked(results: list[Any]) -> Any:
    first = results[0]
    if isinstance(first, tuple | list):
        return [_stacked(list(each)) for each in zip(*results, strict=True)]
    if isinstance(first, np.ndarray | np.generic):
        return Batch(np.stack(results))
    if any(each != first for each in results):
        raise UnbatchableError("the samples give different answers")
    return first


def _over_cores(ufunc: np.ufunc, inputs: Sequence[Any]) -> Any:
    """A generalized universal function, as vecdot: `(n),(n)->()` tells how many axes it takes of each argument."""
    cores = [core.count(",") + bool(core.strip("(")) for core in str(ufunc.signature).split("->")[0].split("),")]
    loops = max(_ndim(each) - core for each, core in zip(inputs, cores, strict=True))
    results = ufunc(*(_aligned(each, loops + core) for each, core in zip(inputs, cores, strict=True)))
    return tuple(map(Batch, results)) if ufunc.nout > 1 else Batch(results)


def _matmul(a: Any, b: Any, out: Any = None) -> Any:
    if not (_ndim(a) and _ndim(b)):
        raise UnbatchableError("matmul of a number")
    ndim = max(_ndim(a), _ndim(b), 2)
    first = _aligned(a[None, :] if _ndim(a) == 1 else a, ndim)
    second = _aligned(b[:, None] if _ndim(b) == 1 else b, ndim)
    if out is not None and _ndim(a) > 1 < _ndim(b) and out.ndim == ndim:
        np.matmul(first, second, out=out.rows)
        return out
    product = np.matmul(first, second)
    product = product[..., 0] if _ndim(b) == 1 else product
    if _ndim(a) == 1:
        product = product[..., 0] if _ndim(b) == 1 else product[..., 0, :]
    if out is None:
        return Batch(product)
    out[...] = Batch(product)
    return out


def _dot(a: Any, b: Any) -> Any:
    if not 1 <= min(_ndim(a), _ndim(b)) <= max(_ndim(a), _ndim(b)) <= 2:
        raise NoRuleError
    return _matmul(a, b)


def _einsum(subscripts: Any, *operands: Any, **options: Any) -> Batch:
    if not isinstance(subscripts, str) or "->" not in subscripts or "out" in options:
        raise NoRuleError
    terms, result = subscripts.replace(" ", "").split("->")
    sample = next(letter for letter in "ZYXWVUT" if letter not in subscripts)
    marked = [
        sample + term if isinstance(each, Batch) else term
        for term, each in zip(terms.split(","), operands, strict=True)
    ]
    rows = [each.rows if isinstance(each, Batch) else each for each in operands]
    return Batch(np.einsum(f"{','.join(marked)}->{sample}{result}", *rows, **options))


def _own(value: Any) -> Batch:
    """The first argument of a rule, which must be what the rule is for."""
    if not isinstance(value, Batch):
        raise NoRuleError
    return value


def _axis(axis: int, ndim: int) -> int:
    return range(ndim)[axis] + 1


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(1, ndim + 1))
    return tuple(_axis(each, ndim) for each in (axis if isinstance(axis, tuple | list) else (axis,)))


def _over_axes(function: Callable) -> Callable:
    """sum, mean, max: over some axes, or all."""

    def rule(a: Any, axis: Any = None, **options: Any) -> Batch:
        if "out" in options:
            raise NoRuleError
        return Batch(function(_own(a).rows, axis=_axes(axis, a.ndim), **options))

    return rule


def _along(function: Callable, default: int | None) -> Callable:
    """cumsum, argmax, sort: along one axis, or along all that there is in one axis."""

    def rule(a: Any, axis: Any = default, **options: Any) -> Batch:
        if "out" in options or (axis is None and options):
            raise NoRuleError
        rows = _own(a).rows.reshape(len(a.rows), -1) if axis is None else a.rows
        return Batch(function(rows, axis=1 if axis is None else _axis(axis, a.ndim), **options))

    return rule


def _entry_by_entry(function: Callable) -> Callable:
    """where, clip: all arguments are broadcast against each other."""

    def rule(*arguments: Any, **options: Any) -> Batch:
        if len(arguments) == 1 and function is np.where:
            raise NoRuleError
        ndim = max(map(_ndim, arguments))
        return Batch(function(*(_aligned(each, ndim) for each in arguments), **options))

    return rule


def _like(function: Callable) -> Callable:
    """zeros_like and its kin, in the ordinary order of memory whatever the samples' is."""

    def rule(a: Any, *fill: Any, dtype: Any = None, order: str = "K", shape: Any = None) -> Batch:
        visible = a.shape if shape is None else tuple(np.atleast_1d(shape))
        return Batch(function((len(_own(a).rows), *visible), *fill, dtype=dtype or a.dtype))

    return rule


def _about_one(function: Callable) -> Callable:
    """What shape and dtype say is the same for all samples."""
    return lambda a: function(_own(a).rows[0])


def _copyto(target: Any, source: Any, casting: Any = "same_kind", where: Any = True) -> None:
    ndim = _own(target).ndim
    np.copyto(target.rows, _aligned(source, ndim), casting=casting, where=_aligned(where, ndim))


def _reshape(a: Any, /, shape: Any, order: Any = "C") -> Batch:
    if order != "C":
        raise NoRuleError
    return Batch(_own(a).rows.reshape(len(a.rows), *(shape if isinstance(shape, tuple | list) else (shape,))))


def _transpose(a: Any, axes: Any = None) -> Batch:
    order = _axes(axes, _own(a).ndim) if axes is not None else tuple(range(a.ndim, 0, -1))
    return Batch(a.rows.transpose(0, *order))


def _swapaxes(a: Any, axis1: int, axis2: int) -> Batch:
    return Batch(_own(a).rows.swapaxes(_axis(axis1, a.ndim), _axis(axis2, a.ndim)))


def _moveaxis(a: Any, source: Any, destination: Any) -> Batch:
    places = [tuple(each) if not isinstance(each, int) else each for each in (source, destination)]
    return Batch(np.moveaxis(_own(a).rows, *(_axes(each, a.ndim) for each in places)))


def _expand_dims(a: Any, axis: Any) -> Batch:
    more = len(axis) if isinstance(axis, tuple | list) else 1
    return Batch(np.expand_dims(_own(a).rows, _axes(axis, a.ndim + more)))


def _squeeze(a: Any, axis: Any = None) -> Batch:
    ones = tuple(k + 1 for k, size in enumerate(_own(a).shape) if size == 1)
    return Batch(a.rows.squeeze(ones if axis is None else _axes(axis, a.ndim)))


def _broadcast_to(a: Any, shape: Any) -> Batch:
    visible = shape if isinstance(shape, tuple | list) else (shape,)
    return Batch(np.broadcast_to(_aligned(_own(a), len(visible)), (len(a.rows), *visible)))


def _joined(function: Callable) -> Callable:
    """concatenate and stack."""

    def rule(arrays: Any, axis: int | None = 0, **options: Any) -> Batch:
        if axis is None or options:
            raise NoRuleError
        one = next(each for each in arrays if isinstance(each, Batch))
        rows = [(each if isinstance(each, Batch) else one.beside(np.asarray(each))).rows for each in arrays]
        return Batch(function(rows, axis=_axis(axis, rows[0].ndim - (function is np.concatenate))))

    return rule


def _split(function: Callable) -> Callable:
    def rule(a: Any, sections: Any, axis: int = 0) -> list[Batch]:
        return [Batch(part) for part in function(_own(a).rows, sections, axis=_axis(axis, a.ndim))]

    return rule


def _pad(a: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Batch:
    if isinstance(pad_width, dict) or mode != "constant" or _ndim(options.get("constant_values", 0)):
        raise NoRuleError
    margins = np.broadcast_to(pad_width, (_own(a).ndim, 2))
    return Batch(np.pad(a.rows, [(0, 0), *map(tuple, margins.tolist())], **options))


def _windows(x: Any, window_shape: Any, axis: Any = None, **options: Any) -> Batch:
    return Batch(sliding_window_view(_own(x).rows, window_shape, axis=_axes(axis, x.ndim), **options))


Rules = dict[Callable[..., Any], Callable[..., Any]]
_REDUCTIONS = (np.sum, np.prod, np.mean, np.std, np.var, np.max, np.min, np.any, np.all, np.flip, np.count_nonzero)
_ALONG: dict[Callable, int | None] = {
    np.cumsum: None,
    np.cumprod: None,
    np.argmax: None,
    np.argmin: None,
    np.sort: -1,
    np.argsort: -1,
}
_ENTRY_BY_ENTRY = (np.where, np.clip, np.isneginf, np.isposinf, np.nan_to_num, np.real, np.imag, np.round)
_LIKE: Rules = {np.zeros_like: np.zeros, np.ones_like: np.ones, np.empty_like: np.empty, np.full_like: np.full}
_ABOUT_ONE = (np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj)
CREATIONS = (np.zeros, np.ones, np.empty, np.full)
RULES: Rules = {
    **{function: _over_axes(function) for function in _REDUCTIONS},
    **{function: _along(function, default) for function, default in _ALONG.items()},
    **{function: _entry_by_entry(function) for function in _ENTRY_BY_ENTRY},
    **{function: _like(creation) for function, creation in _LIKE.items()},
    **{function: _about_one(function) for function in _ABOUT_ONE},
    np.dot: _dot,
    np.einsum: _einsum,
    np.copyto: _copyto,
    np.copy: lambda a: _own(a).copy(),
    np.reshape: _reshape,
    np.ravel: lambda a: _reshape(a, -1),
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.moveaxis: _moveaxis,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.concatenate: _joined(np.concatenate),
    np.stack: _joined(np.stack),
    np.split: _split(np.split),
    np.array_split: _split(np.array_split),
    np.pad: _pad,
    sliding_window_view: _windows,
}
_MORE = (np.clip, np.round, np.dot, np.ravel, np.repeat, np.squeeze, np.swapaxes)
_METHODS: tuple[Callable[..., Any], ...] = (*_REDUCTIONS, *_ALONG, *_MORE)
METHODS = {function.__name__: function for function in _METHODS}
