"""What firmware and cloud-init are told of an install, as text. Pure."""

from __future__ import annotations

from urllib.parse import urlencode

from argosy_metal.provisioning.installs import Install


def ipxe_script(url: str, install: Install, image_name: str, key: str) -> str:
    """Boots the image of an install over https (iPXE, `sanboot`); the image then knows its install.

    `key` is what the image is fetched by (`argosy_metal.lifecycle.image.image_key`).
    """
    query = urlencode({"install": install.install_id, "sha256": install.offer["image"]["sha256"], "key": key})
    return f"#!ipxe\nsanboot --no-describe --drive 0x80 {url}/images/{image_name}?{query}\n"


def meta_data(install: Install) -> str:
    """Cloud-init's NoCloud meta data: another install is another instance, so everything runs again."""
    return f'instance-id: "{install.install_id}"\nlocal-hostname: "{host_name(install.serial)}"\n'


def host_name(serial: str) -> str:
    """A server's serial number as a host name (RFC 1123): lower case, letters, digits and hyphens."""
    name = "".join(letter if letter.isalnum() else "-" for letter in serial.lower())
    return name.strip("-")[:63]
