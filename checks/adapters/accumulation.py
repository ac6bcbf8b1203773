"""Gradients that add up in an object on purpose: one of its methods sets them to zero again."""

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from checks.adapters.syntax import tree_of

_ZEROING = re.compile(r"(zero|reset|clear|flush)\w*grad|grad\w*(zero|reset|clear|flush)", re.IGNORECASE)
_ZERO = re.compile(r"zeros|^(dict|list)$")
_EMPTYING = ("fill", "clear")
Aliases = dict[str, set[str]]


def sets_gradients_to_zero(kind: type) -> bool:
    """Whether objects have a method that is called like it, `zero_grad`."""
    return any(_ZEROING.search(name) and callable(getattr(kind, name)) for name in dir(kind))


@lru_cache(maxsize=32)  # code is adapted again for every order of axes that is tried
def added_up(kind: type, methods: tuple[str, str]) -> frozenset[str]:
    """The attributes of objects that one of their methods adds to, and another sets to zero.

    That is `update` say, but not the forward and the backward, nor what makes the object, nor what these call.
    """
    theirs = [method for each in kind.__mro__ for method in vars(each).values()]  # of super() as well
    trees = [tree for method in theirs if (tree := tree_of(method)) is not None]
    added = {name for tree in trees for name in _added(tree)}
    own = _called_from({"__init__", *methods}, trees)
    others = (tree for tree in trees if tree.name not in own)
    return frozenset(added).intersection(name for tree in others for name in _set_to_zero(tree))


def hand_on(made: Any, other: Any, but_for: Collection[str]) -> None:
    """Give another object the attributes of one, but for some: what adds up besides, adds up there as well."""
    vars(other).update({name: kept for name, kept in vars(made).items() if name not in but_for})


def _called_from(names: set[str], trees: Sequence[ast.FunctionDef]) -> set[str]:
    """Some methods, and those that they call of their object, and so on."""
    calls = [(tree.name, node.func) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = {called for caller, function in calls if caller in names for called in _attributes(function, {})} | names
    return found if found == names else _called_from(found, trees)


def _added(tree: ast.FunctionDef) -> Iterator[str]:
    """The attributes that a method adds to: `self.dW += ...`, `self.dW[n] += ...`, `self.dW = self.dW + ...`."""
    for node in ast.walk(tree):
        match node:
            case ast.AugAssign(op=ast.Add() | ast.Sub(), target=target):
                yield from _attributes(target, {})
            case ast.Assign(targets=targets, value=value):
                sums = [each for each in ast.walk(value) if isinstance(each, ast.BinOp)]
                read = {name for each in sums for side in (each.left, each.right) for name in _attributes(side, {})}
                yield from read.intersection(name for each in targets for name in _attributes(each, {}))


def _set_to_zero(tree: ast.FunctionDef) -> Iterator[str]:
    """The attributes that a method sets to zero: `self.dW = 0`, `self.dW.fill(0)`, or each of `self.grads`."""
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value) if _is_zero(value):
                for target in targets:
                    yield from _attributes(target, aliases)
            case ast.AugAssign(op=ast.Mult(), target=target, value=ast.Constant(value=0)):
                yield from _attributes(target, aliases)
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=arguments) if name in _EMPTYING:
                if all(map(_is_zero, arguments)):
                    yield from _attributes(owner, aliases)


def _is_zero(value: ast.expr) -> bool:
    """Whether an expression is zeros, or has nothing in it; or such things together."""
    match value:
        case ast.Constant(value=constant):
            return constant is None or constant == 0
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return bool(_ZERO.search(name))
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            return all(map(_is_zero, parts))
        case ast.ListComp(elt=part) | ast.DictComp(value=part):
            return _is_zero(part)
    return False


def _aliases(tree: ast.FunctionDef) -> Aliases:
    """The attributes whose parts a loop goes through, by what it calls these."""
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    return {
        name.id: {attribute for part in ast.walk(loop.iter) for attribute in _attributes(part, {})}
        for loop in loops
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    }


def _attributes(place: ast.AST, aliases: Aliases) -> Iterator[str]:
    """`dW` of `self.dW`, of `self.dW[n]` and of both in a tuple; of a name, what it stands for."""
    match place:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            yield name
        case ast.Subscript(value=owner):
            yield from _attributes(owner, aliases)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _attributes(part, aliases)
        case ast.Name(id=name):
            yield from aliases.get(name, ())
