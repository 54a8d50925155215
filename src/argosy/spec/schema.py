"""The fleet file's JSON Schema, for editors."""

from __future__ import annotations

from typing import Any

from argosy.spec.models import FleetSpec
from argosy.spec.plain import as_list, as_mapping
from argosy.spec.settings import Shapes, registered_shapes
from argosy.spec.values import SpecModel

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def fleet_json_schema() -> dict[str, Any]:
    """The schema of a fleet file (JSON Schema, draft 2020-12), with the models' docstrings as descriptions.

    Looser than the loader, which also holds fields against each other; stricter in one thing: an editor that
    reads YAML by the letter takes `2_000_000` for text.
    """
    schema = FleetSpec.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    definitions["CloudSiteSpec"]["allOf"] = [
        _with_settings(provider, shapes, definitions) for provider, shapes in registered_shapes().items()
    ]
    schema = _as_loaded(schema)
    return {"$schema": DRAFT, **schema, "title": "Argosy fleet file"}


def _with_settings(provider: str, shapes: Shapes, definitions: dict[str, Any]) -> dict[str, Any]:
    """What holds for the sites of one provider: the shape of its settings, which `definitions` gets too."""
    site, pool = (_defined(model, definitions) for model in (shapes.site, shapes.pool))
    return {
        "if": {"properties": {"provider": {"const": provider}}, "required": ["provider"]},
        "then": {
            "properties": {
                "settings": site,
                "node_pools": {"additionalProperties": {"properties": {"settings": pool}}},
            }
        },
    }


def _defined(model: type[SpecModel], definitions: dict[str, Any]) -> dict[str, str]:
    schema = model.model_json_schema()
    definitions |= schema.pop("$defs", {})
    definitions[model.__name__] = schema
    return {"$ref": f"#/$defs/{model.__name__}"}


def _as_loaded(node: Any) -> Any:
    """Without the nulls that the loader refuses, and with mappings closed to names it refuses."""
    if (items := as_list(node)) is not None:
        return [_as_loaded(item) for item in items]
    mapping = as_mapping(node)
    if mapping is None:
        return node
    closed = {key: _as_loaded(child) for key, child in mapping.items() if (key, child) != ("default", None)}
    choices = closed.get("anyOf", [])
    if {"type": "null"} in choices:
        wanted = [choice for choice in choices if choice != {"type": "null"}]
        closed["anyOf"] = wanted
        if len(wanted) == 1:
            del closed["anyOf"]
            closed = {**wanted[0], **closed}
    if closed.get("type") == "number" and "default" in closed:
        closed["default"] = float(closed["default"])
    if "patternProperties" in closed:
        closed["additionalProperties"] = False
    return closed
