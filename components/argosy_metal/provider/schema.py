"""The package's schema, from which Pulumi generates SDKs for other languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from argosy import __version__
from argosy_metal.provider.config import CONFIG
from argosy_metal.provider.properties import Properties


def package_schema(kinds: Mapping[str, Properties]) -> str:
    """The schema as JSON text, of every kind of resource by its type token."""
    config = {name: entry.schema() for name, entry in CONFIG.inputs.items()}
    types = dict(CONFIG.types)
    for kind in kinds.values():
        types |= kind.types
    schema: dict[str, Any] = {
        "name": "baremetal",
        "version": __version__,
        "description": CONFIG.description,
        "license": "Apache-2.0",
        "config": {"variables": config},
        "provider": {
            "inputProperties": config,
            "requiredInputs": sorted(name for name, entry in CONFIG.inputs.items() if entry.required),
        },
        "types": types,
        "resources": {token: kind.schema() for token, kind in kinds.items()},
    }
    return json.dumps(schema, indent=2, sort_keys=True)
