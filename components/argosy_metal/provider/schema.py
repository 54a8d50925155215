"""The package's schema, from which Pulumi generates SDKs for other languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from argosy import __version__

_STRING = {"type": "string"}
_INTEGER = {"type": "integer"}
_FEEDS = {"type": "array", "items": _STRING}
_IMAGE_TYPE = "baremetal:index:Image"
_IMAGE = {"$ref": f"#/types/{_IMAGE_TYPE}"}
_CONFIG = {
    "claimsPath": {**_STRING, "description": "Claims file, relative to the project root."},
    "phoneHome": {**_STRING, "description": "Where installed machines report, an https URL."},
    "caCertificate": {**_STRING, "description": "PEM file of the authority of the BMCs' certificates."},
    "simulatorDirectory": {**_STRING, "description": "Folder of the running simulator, for simulated halls."},
}
_CLAIM_INPUTS = {
    "site": {**_STRING, "willReplaceOnChanges": True, "description": "Site the server stands in."},
    "serial": {
        **_STRING,
        "willReplaceOnChanges": True,
        "description": "The server's identity.",
    },
    "slot": {**_STRING, "description": "Slot that the lock pins to this serial."},
    "bmc": {**_STRING, "description": "Base URL of the BMC, https."},
    "rack": {**_STRING, "description": "Rack the server stands in."},
    "feeds": {**_FEEDS, "description": "Feeds its power supplies hang on."},
    "usernameRef": {**_STRING, "description": "Reference to the BMC's user name: env:NAME or file:PATH."},
    "passwordRef": {**_STRING, "description": "Reference to the BMC's password: env:NAME or file:PATH."},
}
_MACHINE_INPUTS = {
    "serverId": {**_STRING, "willReplaceOnChanges": True, "description": "The claim's `serverId`."},
    "image": {**_IMAGE, "description": "The operating-system image to install."},
    "online": {"type": "boolean", "default": True, "description": "Whether the machine is powered on."},
}
_MACHINE_OUTPUTS = {
    "phase": {**_STRING, "description": "How far the machine has come; `running` at the end."},
    "imageDigest": {**_STRING, "description": "`sha256:…` of the image that runs."},
    "installId": {**_STRING, "description": "Names the installation; it changes with every one."},
    "bootId": {**_STRING, "description": "What the installed system reported as its boot."},
    "power": {**_STRING, "description": "Redfish's PowerState as last seen."},
}


def package_schema() -> str:
    """The schema as JSON text."""
    schema = {
        "name": "baremetal",
        "version": __version__,
        "description": "Bare-metal servers over Redfish: claim, install, release.",
        "license": "Apache-2.0",
        "config": {"variables": _CONFIG},
        "provider": {"inputProperties": _CONFIG, "requiredInputs": ["claimsPath", "phoneHome"]},
        "types": {
            _IMAGE_TYPE: {
                "type": "object",
                "properties": {"url": _STRING, "sha256": _STRING},
                "required": ["sha256", "url"],
            }
        },
        "resources": {
            "baremetal:index:ServerClaim": _resource(
                "A server that this stack owns.",
                _CLAIM_INPUTS,
                {"serverId": _STRING, "generation": _INTEGER},
                sorted(_CLAIM_INPUTS),
            ),
            "baremetal:index:Machine": _resource(
                "What runs on a claimed server.", _MACHINE_INPUTS, _MACHINE_OUTPUTS, ["image", "serverId"]
            ),
        },
    }
    return json.dumps(schema, indent=2, sort_keys=True)


def _resource(
    description: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], required: list[str]
) -> dict[str, Any]:
    return {
        "description": description,
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": {**inputs, **outputs},
        "required": sorted({*inputs, *outputs}),
    }
