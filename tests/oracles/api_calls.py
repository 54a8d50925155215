"""Turns a declared resource into calls of the vendor's API, and says what the API would refuse of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from argosy_component.mock_engine import UNKNOWN, RegisteredResource, ResourceGraph

from .api_rules import Row, Rule, load_rows
from .api_values import as_api
from .resources import aws_resources, made_up_ids
from .service_model import Shape, Token, fault_of_leaf, fault_of_length, input_of, nearest
from .violations import Violation

_MADE_UP = ":000000000000:"
"""In every ARN that the mock engine makes up."""


@dataclass(frozen=True)
class ApiCalls:
    """The calls that create one resource."""

    parameters: Mapping[str, dict[str, Any]]
    """By call, e.g. `ec2.CreateVpc`; the row's first call comes first."""
    violations: tuple[Violation, ...]

    def of(self, call: str) -> dict[str, Any]:
        """The parameters of one call."""
        return self.parameters[call]


def api_calls(resource: RegisteredResource, ids: frozenset[str] = frozenset()) -> ApiCalls:
    """The calls of a resource.

    `ids` are ids that the mock engine made up, which no pattern of the API fits.
    """
    row = load_rows().get(resource.type)
    if row is None:
        message = "the tables have no row for this type, so nothing is known of its inputs"
        return ApiCalls({}, (Violation(resource.name, resource.type, "-", message),))
    walk = _Walk(resource, row, ids)
    walk.run()
    return ApiCalls(walk.parameters, tuple(walk.violations))


def input_violations(graph: ResourceGraph) -> list[Violation]:
    """What the API would refuse of the inputs of a graph."""
    ids = made_up_ids(graph)
    return [one for resource in aws_resources(graph) for one in api_calls(resource, ids).violations]


@dataclass(frozen=True)
class _Place:
    """Where a value goes: a call, and the way down from its top."""

    call: str
    tokens: tuple[Token, ...] = ()

    def below(self, *tokens: Token) -> _Place:
        return _Place(self.call, (*self.tokens, *tokens))


@dataclass
class _Walk:
    resource: RegisteredResource
    row: Row
    ids: frozenset[str]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    violations: list[Violation] = field(default_factory=list[Violation])

    def run(self) -> None:
        top = None
        if self.row.call is not None:
            self.parameters[self.row.call] = {}
            top = _Place(self.row.call, (self.row.under,) if self.row.under else ())
        self._structure(self.resource.inputs, "", "", top)
        for call, parameters in self.parameters.items():
            self._required(call, parameters, input_of(call), call)

    def _structure(self, value: Mapping[str, Any], dotted: str, shown: str, place: _Place | None) -> None:
        for key in sorted(value):
            name = f"{dotted}.{key}" if dotted else key
            at = f"{shown}.{key}" if shown else key
            self._field(key, value[key], name, at, place)

    def _field(self, key: str, value: Any, dotted: str, shown: str, place: _Place | None) -> None:
        if not key[:1].islower():
            self._say(shown, "the SDK writes no field like that")
            return
        rule = self.row.rules.get(dotted)
        if rule is not None and rule.provider is not None:
            return
        target = _target(self._beside(rule or Rule()), key, place)
        if target is None:
            self._say(shown, "no call takes it, and no rule says what the provider does with it")
            return
        api_value, api_names = as_api(rule.form if rule else None, value)
        self._put(api_value, dotted, shown, target, rule or Rule(), exact=api_names)

    def _beside(self, rule: Rule) -> Rule:
        chosen = [to for other, to in rule.beside.items() if other in self.resource.inputs]
        return replace(rule, to=chosen[0]) if chosen else rule

    def _put(
        self, value: Any, dotted: str, shown: str, place: _Place, rule: Rule, *, exact: bool = False
    ) -> None:
        """Put `value` at `place`. `exact`: its keys are the API's own names already."""
        shape = self._shape(place, shown)
        if shape is None:
            return
        if value is UNKNOWN:
            self._set(place, value)
        elif shape.kind == "structure" and isinstance(value, dict):
            self._set(place, {})
            members = cast("dict[str, Any]", value)
            if exact:
                for key, member in members.items():
                    self._put(member, dotted, f"{shown}.{key}", place.below(key), Rule(), exact=True)
            else:
                self._structure(members, dotted, shown, place)
        elif shape.kind == "list" and isinstance(value, list):
            items = cast("list[Any]", value)
            self._set(place, [])
            self._check(fault_of_length(shape, len(items)), shown)
            for index, item in enumerate(items):
                self._put(item, dotted, f"{shown}[{index}]", place.below(index), rule, exact=exact)
        elif shape.kind == "map" and isinstance(value, dict):
            self._map(shape, cast("dict[str, Any]", value), shown, place)
        else:
            self._check(fault_of_leaf(shape, value, rule.values, self._made_up(value)), shown)
            self._set(place, value)

    def _map(self, shape: Shape, value: Mapping[str, Any], shown: str, place: _Place) -> None:
        self._set(place, {})
        self._check(fault_of_length(shape, len(value)), shown)
        for key, member in value.items():
            key_fault = fault_of_leaf(shape.key, key, (), made_up=False)
            self._check(key_fault, f"{shown}.{key}")
            self._put(member, shown, f"{shown}.{key}", place.below(key), Rule(), exact=True)

    def _shape(self, place: _Place, shown: str) -> Shape | None:
        """The shape at a place; says what is near where there is none."""
        shape = input_of(place.call)
        for depth, token in enumerate(place.tokens):
            below = shape.below(token)
            if below is None:
                way = ".".join(str(step) for step in place.tokens[:depth])
                where = f"{place.call} {way}".strip()
                near = nearest(str(token), shape.members)
                self._say(shown, f"{where} ({shape.name}) has no member {token}; nearest: {near}")
                return None
            shape = below
        return shape

    def _set(self, place: _Place, value: Any) -> None:
        node: Any = self.parameters.setdefault(place.call, {})
        for token, following in zip(place.tokens[:-1], place.tokens[1:], strict=True):
            node = _step(node, token, [] if isinstance(following, int) else {})
        last = place.tokens[-1]
        if isinstance(last, int):
            node.append(value)
        # Several fields may fill one structure.
        elif not (isinstance(value, dict) and isinstance(node.get(last), dict)):
            node[last] = value

    def _required(self, call: str, value: Any, shape: Shape | None, way: str) -> None:
        if shape is None:
            return
        if shape.kind == "structure" and isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            for name in shape.required:
                if name not in members and f"{way}.{name}" not in self.row.supplied:
                    self._say("-", f"{way} needs {name}, and no input gives it")
            for name, member in members.items():
                self._required(call, member, shape.below(name), f"{way}.{name}")
        elif shape.kind == "list" and isinstance(value, list):
            for item in cast("list[Any]", value):
                self._required(call, item, shape.below(0), way)

    def _made_up(self, value: Any) -> bool:
        return isinstance(value, str) and (value in self.ids or _MADE_UP in value)

    def _check(self, fault: str | None, shown: str) -> None:
        if fault is not None:
            self._say(shown, fault)

    def _say(self, shown: str, message: str) -> None:
        self.violations.append(Violation(self.resource.name, self.resource.type, shown, message))


def _target(rule: Rule, key: str, place: _Place | None) -> _Place | None:
    to = rule.to or key[:1].upper() + key[1:]
    if rule.call is not None:
        return _Place(rule.call).below(*_tokens(to))
    if place is None:
        return None
    if to.startswith("/"):
        return _Place(place.call).below(*_tokens(to[1:]))
    if to == ".":
        return place
    if rule.to is None:
        return place.below(_own_name(place, key))
    return place.below(*_tokens(to))


def _own_name(place: _Place, key: str) -> str:
    """`vpcId` is `VpcId` to most services, and `vpcId` to some."""
    shape: Shape | None = input_of(place.call)
    for token in place.tokens:
        shape = shape.below(token) if shape is not None else None
    capital = key[:1].upper() + key[1:]
    return capital if shape is not None and capital in shape.members else key


def _tokens(path: str) -> list[Token]:
    return [int(part) if part.isdigit() else part for part in path.split(".")]


def _step(node: Any, token: Token, empty: Any) -> Any:
    if isinstance(token, int):
        if token == len(node):
            node.append(empty)
        return node[token]
    return node.setdefault(token, empty)
