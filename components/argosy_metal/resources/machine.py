"""`Machine`: what runs on a claimed server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pulumi

from argosy_metal.provisioning.join import Join
from argosy_metal.resources.base import BareMetalResource, wire_name


class Machine(BareMetalResource):
    """What runs on a claimed server. A changed image replaces it on the same server."""

    token = "baremetal:index:Machine"  # noqa: S105 - a type token
    outputs = ("phase", "image_digest", "install_id", "boot_id", "power")

    phase: pulumi.Output[str]
    """How far it has come; `running` at the end."""
    image_digest: pulumi.Output[str]
    """`sha256:…` of what runs."""
    install_id: pulumi.Output[str]
    """Names the installation; it changes with every one."""
    boot_id: pulumi.Output[str]
    """What the installed system reported as its boot."""
    power: pulumi.Output[str]
    """Redfish's PowerState as last seen."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        image_url: pulumi.Input[str],
        image_sha256: pulumi.Input[str],
        image_kind: pulumi.Input[str] | None = None,
        boot_method: pulumi.Input[str] | None = None,
        root_device_hints: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        user_data_ref: pulumi.Input[str] | None = None,
        user_data_sha256: pulumi.Input[str] | None = None,
        wipe_policy: pulumi.Input[str] | None = None,
        wipe_method: pulumi.Input[str] | None = None,
        labels: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        join: Join | None = None,
        layout_digest: pulumi.Input[str] | None = None,
        online: pulumi.Input[bool] = True,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`opts.custom_timeouts` bounds each operation; without it only the lifecycle's own limits count.

        User data comes by reference (`file:PATH` from the project root, or `env:NAME`) and the digest of its
        content, which never comes into the state.
        """
        inputs = {
            "server_id": server_id,
            "image": _given(url=image_url, sha256=image_sha256, kind=image_kind),
            "boot": _given(method=boot_method) or None,
            "root_device_hints": root_device_hints,
            "user_data": _given(ref=user_data_ref, sha256=user_data_sha256) or None,
            "wipe": _given(policy=wipe_policy, method=wipe_method) or None,
            "labels": labels,
            "join": None if join is None else join_wire(join),
            "layout_digest": layout_digest,
            "online": online,
        }
        super().__init__(name, inputs, opts)


def _given(**parts: object) -> dict[str, object]:
    return {name: value for name, value in parts.items() if value is not None}


def join_wire(join: Join) -> dict[str, Any]:
    """As the provider takes it."""
    given = asdict(join) | {"role": join.role.value, "control_plane": list(join.control_plane)}
    return {wire_name(name): value for name, value in given.items()}
