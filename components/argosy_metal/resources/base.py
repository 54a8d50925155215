"""What all resources of the provider have in common as a Pulumi program sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi


class BareMetalResource(pulumi.CustomResource):
    """A resource of the provider. What stands for a server is deleted before it is replaced: it exists once.

    A subclass names its type token and its outputs; inputs are named by the constructor.
    """

    token: ClassVar[str]
    outputs: ClassVar[Sequence[str]] = ()
    """Attributes that only the provider knows."""
    server_id: pulumi.Output[str]
    """`site/serial` of the server that it is about."""

    def __init__(
        self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        self._wire_names = {attribute: wire_name(attribute) for attribute in (*inputs, *self.outputs)}
        self._attributes = {wire: attribute for attribute, wire in self._wire_names.items()}
        given = {attribute: value for attribute, value in inputs.items() if value is not None}
        once = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True))
        super().__init__(self.token, name, {**dict.fromkeys(self.outputs), **given}, once)

    def translate_input_property(self, prop: str) -> str:
        """The wire's name of an attribute; keys inside a value are left as they are."""
        return self._wire_names.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        """The attribute of a wire name."""
        return self._attributes.get(prop, prop)


def wire_name(attribute: str) -> str:
    """`image_digest` → `imageDigest`."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), attribute)
