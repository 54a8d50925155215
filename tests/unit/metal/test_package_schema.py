"""The package's schema is what is committed, and what the Python classes declare."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal import resources
from argosy_metal.commands.schema import package_schema_text
from argosy_metal.resources import BareMetalProvider
from argosy_metal.resources.base import BareMetalResource, wire_name

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "baremetal.schema.json"
SCHEMA: dict[str, Any] = json.loads(package_schema_text())
CLASSES: dict[str, type[BareMetalResource]] = {
    found.token: found
    for name in resources.__all__
    if isinstance(found := getattr(resources, name), type) and issubclass(found, BareMetalResource)
}


def test_the_committed_schema_is_what_the_plugin_tells() -> None:
    # Mended by: argosy metal schema > docs/reference/baremetal.schema.json
    assert COMMITTED.read_text(encoding="utf-8") == f"{package_schema_text()}\n"


def test_every_resource_of_the_schema_has_a_python_class() -> None:
    assert sorted(SCHEMA["resources"]) == sorted(CLASSES)


@pytest.mark.parametrize("token", sorted(CLASSES))
def test_a_python_class_has_exactly_the_inputs_and_outputs_of_the_schema(token: str) -> None:
    found, wanted = CLASSES[token], SCHEMA["resources"][token]

    assert sorted(wanted["inputProperties"]) == sorted(inputs_of(found))
    own = set(wanted["properties"]) - set(wanted["inputProperties"])
    # `serverId` of a claim is made of its own inputs, so that every preview knows it.
    made_here = {"serverId"} - set(wanted["inputProperties"])
    assert sorted(own - made_here) == sorted(wire_name(output) for output in found.outputs)


@pytest.mark.parametrize("token", sorted(CLASSES))
def test_an_output_of_a_python_class_is_typed(token: str) -> None:
    annotated = {name for cls in CLASSES[token].__mro__ for name in inspect.get_annotations(cls)}

    assert set(CLASSES[token].outputs) <= annotated


def test_the_python_class_of_the_provider_has_exactly_its_inputs() -> None:
    parameters = set(inspect.signature(BareMetalProvider.__init__).parameters) - {"self", "name", "opts"}

    assert sorted(SCHEMA["provider"]["inputProperties"]) == sorted(map(wire_name, parameters))


def test_every_type_that_is_named_is_there_and_every_one_that_is_there_is_named() -> None:
    named = {
        reference.removeprefix("#/types/") for reference in references(SCHEMA) if reference.startswith("#")
    }

    assert sorted(SCHEMA["types"]) == sorted(named)


def inputs_of(found: type[BareMetalResource]) -> list[str]:
    """The keys of the inputs that the constructor writes down, on the wire."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(found.__init__)))
    written = [
        [str(key.value) for key in node.keys if isinstance(key, ast.Constant)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
    ]
    (inputs,) = [names for names in written if {"server_id", "serial"} & set(names)]
    return [wire_name(name) for name in inputs]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():  # pyright: ignore[reportUnknownVariableType]
            if name == "$ref":
                yield str(child)  # pyright: ignore[reportUnknownArgumentType]
            else:
                yield from references(child)
    elif isinstance(value, list):
        for child in value:  # pyright: ignore[reportUnknownVariableType]
            yield from references(child)
