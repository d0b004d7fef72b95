"""The in-process AWS without what it works out anew for each test, though it is the same each time.

Measured over the tests of stores, more than half of their time went into reading the same descriptions of services,
into RSA keys that nobody uses, and into asking abstract classes about the same few types. What moto answers does not
change by any of it.
"""

from __future__ import annotations

import copy
import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Parts of other libraries that say nothing of what may be put in their place.
session: Any = import_module("botocore.session")
kms_models: Any = import_module("moto.kms.models")
ast_nodes: Any = import_module("moto.dynamodb.parsing.ast_nodes")
validators: Any = import_module("moto.dynamodb.parsing.validators")
serializer: Any = import_module("moto.core.serialize").BaseJSONSerializer


def apply() -> None:
    """Keep what is the same each time; to be called once, before the first in-process AWS begins."""
    # Descriptions of services are files of an installed package: they do not change while tests run.
    session.create_loader = functools.cache(session.create_loader)
    kms_models.generate_private_key = _keys_of(kms_models.generate_private_key)
    serializer._serialize_type_structure = _of_one_member(serializer._serialize_type_structure)
    ast_nodes.Node.__deepcopy__ = _copied
    ast_nodes.Node.find_clauses = _find_clauses
    ast_nodes.DepthFirstTraverser.traverse_node_recursively = _traverse
    counts, paths = validators.ActionCountValidator, validators.OverlappingPathsValidator
    counts.verify_action_counts = _at_the_root(counts.verify_action_counts)
    paths.check_for_overlapping_paths = _at_the_root(paths.check_for_overlapping_paths)


def _keys_of(generate: Callable[[str], Any]) -> Callable[[str], Any]:
    """A symmetric key gets an RSA pair as well, which nothing can reach: one will do for all of them."""
    symmetric = functools.cache(generate)
    return lambda spec: symmetric(spec) if spec == "SYMMETRIC_DEFAULT" else generate(spec)


def _of_one_member(serialize: Callable[..., None]) -> Callable[..., None]:
    """A value of DynamoDB has one of ten members: the other nine need not be looked for under all their names."""

    def one(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name != "AttributeValue" or type(value) is not dict or not value.keys() <= shape.members.keys():
            serialize(self, serialized, value, shape, key)
            return
        made = self.MAP_TYPE()
        for name, member in value.items():
            if member is not None:
                self._serialize(made, member, shape.members[name], name)
        self._default_serialize(serialized, made, shape, key)

    return one


def _is_one_of(node: Any, *wanted: Any) -> bool:
    kind: Any = type(node)
    return _is_below(kind, wanted)


@functools.cache
def _is_below(kind: Any, wanted: tuple[Any, ...]) -> bool:
    return issubclass(kind, wanted)


def _copied(self: Any, memo: dict[int, Any]) -> Any:
    """A copy of a tree without going up and down it through the parents."""
    made = object.__new__(type(self))
    made.__dict__.update(self.__dict__)
    if self.children is not None:
        made.children = [copy.deepcopy(child, memo) for child in self.children]
        for child in made.children:
            if _is_one_of(child, ast_nodes.Node):
                child.parent = made
    return made


def _at_the_root(check: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """What is looked for in everything below the root needs not be looked for below each of its parts once more."""
    return lambda self, node: check(self, node) if node.parent is None else node


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    """As ``traverse_node_recursively``: children first, and what comes of a node takes its place."""
    if not _is_one_of(node, ast_nodes.Node):
        return node
    parent = node.parent
    for index, child in enumerate(node.children or ()):
        self.pre_processing_of_child(node, index)
        self.traverse_node_recursively(child, index)
    processors = self.__dict__.get("_processors")
    if processors is None:
        processors = self._processors = self._processing_map()
    for wanted, process in processors.items():
        if _is_one_of(node, wanted):
            node = process(node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
            break
    return node


def _find_clauses(self: Any, clause_types: list[type]) -> list[Any]:
    """As ``Node.find_clauses``: clauses of these very types, at any depth of expressions and functions."""
    clauses: list[Any] = []
    for child in self.children or ():
        if type(child) in clause_types:
            clauses.append(child)
        elif _is_one_of(child, ast_nodes.Expression, ast_nodes.UpdateExpressionFunction):
            clauses.extend(child.find_clauses(clause_types))
    return clauses
