"""What a resource takes and gives, in one table: checks, differences and the schema all follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from argosy_metal.provider.checks import Failure, Rule, check_inputs
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change

WireType = Mapping[str, Any]
"""A type as Pulumi's package schema writes it."""
STRING: WireType = {"type": "string"}
INTEGER: WireType = {"type": "integer"}
NUMBER: WireType = {"type": "number"}
BOOLEAN: WireType = {"type": "boolean"}
STRINGS: WireType = {"type": "array", "items": STRING}


def mapping_of(values: WireType) -> WireType:
    """The type of a map from text to `values`."""
    return {"type": "object", "additionalProperties": values}


def reference(type_token: str) -> WireType:
    """The type that a kind's `types` has under `type_token`."""
    return {"$ref": f"#/types/{type_token}"}


@dataclass(frozen=True)
class Input:
    """One input of a resource."""

    description: str
    rule: Rule
    type: WireType = field(default_factory=lambda: STRING)
    required: bool = True
    default: Any = None
    """Filled in where the program gives nothing; None: nothing is."""
    on_change: Change = Change.UPDATE
    secret: bool = False

    def schema(self) -> dict[str, Any]:
        """As Pulumi's package schema writes a property."""
        shown: dict[str, Any] = {**self.type, "description": self.description}
        if self.default is not None:
            shown["default"] = self.default
        if self.on_change is Change.REPLACE:
            shown["willReplaceOnChanges"] = True
        if self.secret:
            shown["secret"] = True
        return shown


@dataclass(frozen=True)
class Output:
    """One output of a resource beside its inputs, which are outputs too."""

    description: str
    type: WireType = field(default_factory=lambda: STRING)

    def schema(self) -> dict[str, Any]:
        """As Pulumi's package schema writes a property."""
        return {**self.type, "description": self.description}


@dataclass(frozen=True)
class Properties:
    """All inputs and outputs of one kind of resource, and the object types that they use."""

    description: str
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output] = field(default_factory=dict[str, Output])
    types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Type token to object type, as Pulumi's package schema writes it."""

    def check(self, news: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[Failure]]:
        """The inputs with defaults filled in, and every failure."""
        defaults = {name: entry.default for name, entry in self.inputs.items() if entry.default is not None}
        inputs = {**defaults, **news}
        required = {name: entry.rule for name, entry in self.inputs.items() if entry.required}
        optional = {name: entry.rule for name, entry in self.inputs.items() if not entry.required}
        return inputs, check_inputs(inputs, required, optional)

    def changes(self, request: ResourceRequest) -> dict[str, Change]:
        """Every input that the program gives otherwise than the state has it, and what that leads to."""
        news, olds = request.news, request.olds
        return {
            name: entry.on_change
            for name, entry in sorted(self.inputs.items())
            if news.get(name) != olds.get(name)
        }

    def schema(self) -> dict[str, Any]:
        """As Pulumi's package schema writes a resource."""
        inputs = {name: entry.schema() for name, entry in self.inputs.items()}
        outputs = {name: entry.schema() for name, entry in self.outputs.items()}
        optional = {name for name, entry in self.inputs.items() if not entry.required}
        return {
            "description": self.description,
            "inputProperties": inputs,
            "requiredInputs": sorted(set(inputs) - optional),
            "properties": {**inputs, **outputs},
            "required": sorted({*inputs, *outputs} - {n for n in optional if self.inputs[n].default is None}),
        }
