"""How every forward gets an object of its own: a copy of one that somebody made, or an instance of a class."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from typing import Any

from checks.adapters.arguments import Plan, plan_of, sizes_named
from checks.adapters.assumptions import assumed_without, example_of, neutral, sizes_shown, told_sizes, tried
from checks.adapters.beginnings import Run, after_a_forward
from checks.adapters.copying import copied
from checks.adapters.places import (
    Place,
    filled,
    nowhere,
    place_by_name,
    places_of,
    required_places,
    settled,
    unclaimed,
)
from checks.adapters.size_plans import size_plans, square_window, widths_plan
from checks.implementation import MisconductError, Values, call
from derivations import Layer


@dataclass(frozen=True)
class Maker:
    """How every forward gets an object of its own: what that is made from, where it keeps it, what it has settled."""

    fresh: Callable[[Values], Any]
    taken: set[str]
    places: Mapping[str, Place] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    guessed: Mapping[str, str] = field(default_factory=dict)


def copies(made: Any, layer: Layer, own: Sequence[str], names: Mapping[str, str], run_once: Run) -> Maker:
    """Copies of an object, with other parameters. Raises ValueError where one of these is nowhere."""
    spared, others = assumed_without(layer, set()), neutral(layer)
    wanted = [name for name in own if name not in spared]
    full = [name for name in own if name in {*wanted, *others}]
    begun, looked_at = made, made
    if not _has_all(made, layer, full, names):
        begun, looked_at = _after_a_forward(made, layer, names, run_once)
    named = [name for name in full if name in wanted or _has_by_name(looked_at, name, names)]
    choices = product((full, named, wanted), ((made, made), (begun, looked_at)))
    fitting = ((sought, base, seen) for sought, (base, seen) in choices if _has_all(seen, layer, sought, names))
    sought, base, seen = next(fitting, (wanted, made, made))
    places = required_places(seen, layer, sought, names)
    kept = {name: place_by_name(base, name, names) for name in own if name in spared and name not in places}
    places |= {name: place for name, place in kept.items() if place is not None}
    for name in full:
        if name not in places and unclaimed(looked_at, layer, name, places):
            raise ValueError(nowhere(made, layer, name))
    sizes = settled(seen, layer, places, names)

    def fresh(values: Values) -> Any:
        return filled(copied(base), places, values)

    return Maker(fresh, {*places, *sizes}, places, sizes)


def _after_a_forward(made: Any, layer: Layer, names: Mapping[str, str], run_once: Run) -> tuple[Any, Any]:
    """An object as it is after a forward, and what is to be looked at of it; itself where it does not run."""
    told = told_sizes(layer, names)
    begun = tried(lambda values: run_once(made, values), layer, settled=told)
    looked_at = tried(lambda values: after_a_forward(made, values, run_once), layer, settled=told)
    return (made, made) if begun is None or looked_at is None else (begun, looked_at)


def _has_all(made: Any, layer: Layer, wanted: Sequence[str], names: Mapping[str, str]) -> bool:
    """Whether an object has all these parameters at their places."""
    return _has(places_of(made, layer, wanted, names), wanted, made)


def _has_by_name(made: Any, name: str, names: Mapping[str, str]) -> bool:
    """Whether an object has an array for a parameter under its name."""
    place = place_by_name(made, name, names)
    return place is not None and place.array(made) is not None


def _has(places: Mapping[str, Place], wanted: Sequence[str], made: Any) -> bool:
    """Whether an object has all its parameters: where there is None, it is going to make them."""
    return all(name in places and places[name].array(made) is not None for name in wanted)


def instances(
    made: Any, layer: Layer, own: list[str], options: list[str], names: Mapping[str, str], run_once: Run
) -> Maker:
    """Objects of a class, made from parameters; where it refuses these and takes their sizes, from sizes."""
    sizes = [*layer.hidden_sizes, *sizes_named(layer, names)]
    asked = plan_of(made, _parameters(made, layer, own, options, names), options, sizes, names)
    told, unclear = told_sizes(layer, names), False
    fresh = tried(lambda values: call(made, *asked(values)), layer, settled=told)
    from_parameters = Maker(lambda values: _constructed(made, asked, values), asked.taken, guessed=asked.guessed)
    if fresh is not None:
        places = places_of(fresh, layer, own, names)
        besides = {name: place for name, place in places.items() if name not in asked.taken}
        by_names = asked.taken & {*own, *sizes_named(layer, names)}
        complete = len(besides) == len({*own} - asked.taken)
        if by_names and complete:
            from_parameters = replace(
                from_parameters,
                fresh=lambda values: filled(_constructed(made, asked, values), besides, values),
                taken={*own, *asked.taken},
            )
        from_parameters = _keeping(from_parameters, fresh, layer, places, names)
        sizes_alone = by_names and not asked.taken & {*own} and not complete
        if not own:
            return from_parameters
        if not sizes_alone and tried(lambda values: run_once(fresh, values), layer, settled=told) is not None:
            completed = _completed(from_parameters, fresh, layer, own, names, run_once)
            if completed is not None:
                return completed
            unclear = True
    for settled_sizes in ({}, square_window(layer, own, told)):
        maker = _from_any_sizes(made, layer, own, options, {**names, **settled_sizes}, run_once)
        if maker is not None:
            return replace(maker, sizes={**maker.sizes, **settled_sizes})
    network = with_widths(made, layer)
    if network is not None:
        return copies(network, layer, own, names, run_once)
    plans = size_plans(made, layer, own, options, names)
    bare = (tried(_from_sizes(made, plan, layer), layer, settled=told) for plan in plans)
    seen = fresh if unclear else next((each for each in bare if each is not None), None)
    if unclear or (fresh is None and own and seen is not None):
        return replace(from_parameters, fresh=_untold(seen, layer, own, names), taken={*own})
    return from_parameters


def _from_any_sizes(
    made: Any, layer: Layer, own: Sequence[str], options: Sequence[str], names: Mapping[str, Any], run_once: Run
) -> Maker | None:
    """Objects of a class that is made from sizes, with all parameters or without those that change nothing."""
    for kept in dict.fromkeys((tuple(own), tuple(name for name in own if name not in neutral(layer)))):
        for by_size in size_plans(made, layer, kept, options, names):
            for late in (False, True):
                maker = _sized(made, by_size, layer, own, kept, names, run_once, late=late)
                if maker is not None:
                    return maker
    return None


def _constructed(made: Any, asked: Plan, values: Values) -> Any:
    """An object of a class. Raises MisconductError: a class that refuses what it is made from cannot be looked at."""
    try:
        return call(made, *asked(values))
    except MisconductError as misconduct:
        hint = "make an object in the file, and name that"
        raise MisconductError(misconduct.kind, f"{misconduct.reason}: {hint}", ran=False) from misconduct


def _parameters(
    made: Any, layer: Layer, own: Sequence[str], options: Sequence[str], names: Mapping[str, str]
) -> list[str]:
    """What a class may be made from: a mask only where it says so, or asks for more than there is besides."""
    parameters = inspect.signature(made).parameters
    masks = {tensor.name for tensor in layer.inputs if tensor.integer} & assumed_without(layer, set()).keys()
    masks -= {names.get(parameter, parameter) for parameter in parameters}
    others = [name for name in own if name not in masks]
    return others if len(parameters) <= len(others) + len(options) else list(own)


def _untold(made: Any, layer: Layer, own: Sequence[str], names: Mapping[str, str]) -> Callable[[Values], Any]:
    """What stands for an object like one whose parameters cannot be found, or do not fit: a finding that says so."""
    kind, hint = type(made).__name__, "make an object in the file, and name that"
    unknown = [name for name in own if name not in names.values() and not _has_by_name(made, name, names)]
    reason = f"there is no telling what {kind} calls {' and '.join(unknown)} of {layer.name}: say so (--name ...="
    if unknown:
        reason += f"{unknown[0]}), or {hint}"
    else:
        size = layer.by_name[own[0]].sizes[0] if layer.by_name[own[0]].sizes else layer.size_names[0]
        reason = (
            f"made from sizes, {kind} has no {' and '.join(own)} of the shapes that {layer.name} has: say which of its "
            f"parameters is which size (--name ...={size}), or {hint}"
        )

    def fresh(_: Values) -> Any:
        raise MisconductError("raises", reason, ran=False)

    return fresh


def _keeping(maker: Maker, fresh: Any, layer: Layer, places: Mapping[str, Place], names: Mapping[str, str]) -> Maker:
    """The maker of a fresh object, with what that keeps: its arrays, and the options that it does not take."""
    options = settled(fresh, layer, {}, names)
    return replace(maker, places=places, sizes={name: n for name, n in options.items() if name not in maker.taken})


def _sized(
    made: Any,
    by_size: Plan,
    layer: Layer,
    own: Sequence[str],
    kept: Sequence[str],
    names: Mapping[str, str],
    run_once: Run,
    *,
    late: bool,
) -> Maker | None:
    """Objects of a class that is made from sizes, if it is, and has its parameters; `late` ones after a forward.

    These are those of `own` that are `kept`: it must have nothing that may be one of the others.
    """

    bare = _from_sizes(made, by_size, layer)

    def empty(values: Values) -> Any:
        return run_once(bare(values), values) if late else bare(values)

    def made_once(values: Values) -> Any:
        _, named = by_size({**sizes_shown(layer, values), **values})
        frozen = tuple((name, tuple(each) if isinstance(each, list) else each) for name, each in named.items())
        return _made_once(made, frozen)

    def begun(values: Values) -> Any:
        return after_a_forward(made_once(values), values, run_once)

    told = told_sizes(layer, names)
    fresh = tried(begun if late else made_once, layer, settled=told)
    places = None if fresh is None else _places_of_all(fresh, layer, own, kept, names)
    if places is None:
        return None
    missing = [name for name in own if name not in kept]
    later = tried(begun, layer, settled=told) if missing and not late else None
    if later is not None and any(unclaimed(later, layer, name, places) for name in missing):
        return None
    taken = {*kept, *by_size.taken}
    maker = Maker(lambda values: filled(empty(values), places, values), taken, guessed=by_size.guessed)
    return _keeping(maker, fresh, layer, places, names)


def _places_of_all(
    fresh: Any, layer: Layer, own: Sequence[str], kept: Sequence[str], names: Mapping[str, str]
) -> dict[str, Place] | None:
    """Where an object of the sizes of `example_of` has what is `kept`; None where it has not, or may have more."""
    example = example_of(layer, settled=told_sizes(layer, names))
    places = places_of(fresh, layer, kept, names, {size: example[size] for size in layer.size_names})
    shapes = {name: tuple(n for n in layer.shape(name, example) if n != 1) for name in kept}
    if not _has(places, kept, fresh) or any(places[n].shape_as(len(s), fresh) != s for n, s in shapes.items()):
        return None
    if any(unclaimed(fresh, layer, name, places) for name in own if name not in kept):
        return None
    return places


def _completed(
    maker: Maker, fresh: Any, layer: Layer, own: Sequence[str], names: Mapping[str, str], run_once: Run
) -> Maker | None:
    """The maker, whose objects get those parameters as well that they make in their first forward.

    None where what they make may be parameters, and there is no telling which.
    """
    spared, others = assumed_without(layer, set()), neutral(layer)
    late = [name for name in own if name not in maker.taken and (name in others or name not in spared)]
    told = told_sizes(layer, names)
    begun = tried(lambda values: after_a_forward(fresh, values, run_once), layer, settled=told) if late else None
    if begun is None:
        return maker
    named = [name for name in late if _has_by_name(begun, name, names)]
    for kept in dict.fromkeys((tuple(late), tuple(named), tuple(n for n in late if n not in others), ())):
        places = _places_of_all(begun, layer, late, kept, names)
        if places is not None:
            return _finished(maker, places, run_once) if kept else maker
    return None


def _finished(maker: Maker, places: Mapping[str, Place], run_once: Run) -> Maker:
    """The maker of objects that have run once, and have other parameters at these places then."""
    return replace(
        maker,
        fresh=lambda values: filled(run_once(maker.fresh(values), values), places, values),
        taken={*maker.taken, *places},
        places={**maker.places, **places},
    )


@lru_cache(maxsize=256)
def _made_once(made: Any, arguments: tuple[tuple[str, Any], ...]) -> Any:
    """An object of these sizes, to be looked at: one serves all the orders of axes that are tried."""
    return call(made, [], {name: list(each) if isinstance(each, tuple) else each for name, each in arguments})


def _from_sizes(made: Any, by_size: Plan, layer: Layer) -> Callable[[Values], Any]:
    """A function that makes an object of a class from the sizes that values have."""

    def bare(values: Values) -> Any:
        return call(made, *by_size({**sizes_shown(layer, values), **values}))

    return bare


def with_widths(made: Any, layer: Layer) -> Any | None:
    """An object of a class that takes its layers' widths; None of another class."""
    by_widths = widths_plan(made, layer, {})
    return by_widths and tried(lambda values: call(made, *by_widths(values)), layer)
