"""`settings` of a pool about how its machines are installed and taken down. Shapes, and what they come to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from argosy.spec.values import SecretRef, SpecModel, Text


class UserDataSettings(SpecModel):
    """What the installed systems are given (cloud-init)."""

    ref: SecretRef
    """`file:PATH` from the project root, or `env:NAME`. The content never comes into a state or a message."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the content: `sha256sum PATH`. Another one reinstalls the pool. A digest tells nothing of a long
    random secret, but lets a short one be guessed."""


class WipeSettings(SpecModel):
    """What becomes of the drives when a machine is taken down; a server is not given back before that."""

    policy: Literal["none", "metadata", "erase"]
    method: Literal["BlockErase", "CryptographicErase", "Overwrite"] | None = None
    """Only with `erase`; left out: what the drive has."""


class InstallSettings(SpecModel):
    """How the machines of a pool are installed."""

    image_kind: Literal["iso", "efi", "raw", "qcow2"] = "iso"
    """What is behind the image's URL."""
    boot_method: Literal["virtualMedia", "httpBoot", "pxe"] = "virtualMedia"
    """How the installer reaches the servers. A change counts from the next installation on."""
    root_device_hints: Annotated[dict[Text, Text], Field(max_length=11)] = Field(default={})
    """Which drive gets the system: Ironic's keys and operators. Another one reinstalls the pool."""
    user_data: UserDataSettings | None = None
    labels: Annotated[dict[Text, Text], Field(max_length=64)] = Field(default={})
    """Your own words about the machines; they change nothing."""


def machine_arguments(install: InstallSettings, wipe: WipeSettings | None) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.Machine` beside its server and image."""
    arguments: dict[str, Any] = {}
    # What the provider takes for granted is left out, so that the state says only what was meant.
    if install.image_kind != "iso":
        arguments["image_kind"] = install.image_kind
    if install.boot_method != "virtualMedia":
        arguments["boot_method"] = install.boot_method
    if install.root_device_hints:
        arguments["root_device_hints"] = dict(sorted(install.root_device_hints.items()))
    if install.user_data is not None:
        arguments["user_data_ref"] = install.user_data.ref
        arguments["user_data_sha256"] = install.user_data.sha256
    if install.labels:
        arguments["labels"] = dict(sorted(install.labels.items()))
    if wipe is not None and wipe.policy != "none":
        arguments["wipe_policy"] = wipe.policy
        arguments["wipe_method"] = wipe.method
    return arguments
