"""Kubeconfig text for clusters that hand out short-lived tokens through a vendor's command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


def exec_kubeconfig(
    name: str,
    *,
    server: str,
    certificate_authority: str,
    command: str,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> str:
    """A kubeconfig with one context, in JSON (which is YAML). It names a command, and holds no token.

    `certificate_authority` is the base64 text that vendors return.
    """
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": command,
        "args": list(arguments),
        "env": [{"name": key, "value": value} for key, value in sorted((environment or {}).items())],
        "interactiveMode": "Never",
        "provideClusterInfo": True,
    }
    cluster = {"server": server, "certificate-authority-data": certificate_authority}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"exec": login}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        },
        sort_keys=True,
    )
