"""`argosy metal import-inventory` as a person runs it on the stand-in for NetBox."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from argosy.errors import ArgosyError
from argosy.spec.inventory import InventorySpec
from argosy_metal.commands import app

from ...netbox_api import NetBoxApi


def run(netbox: NetBoxApi, *more: str, token: str = "env:NETBOX_TOKEN", **options: str) -> Result:
    """Run it with the options of the site, and these in their place or besides."""
    given = {
        "--netbox": netbox.url,
        "--token": token,
        "--site": "osl-1",
        "--type": "dgx-h200=dgx-h200",
        "--username": "env:OSLO_BMC_USERNAME",
        "--password": "env:OSLO_BMC_PASSWORD",
        "--name": "oslo",
        **{f"--{name}": value for name, value in options.items()},
    }
    arguments = [part for option in given.items() for part in option]
    return CliRunner().invoke(app, ["import-inventory", *arguments, *more])


def imported(netbox: NetBoxApi, *more: str, **options: str) -> InventorySpec:
    """The inventory that it prints."""
    result = run(netbox, *more, **options)
    assert 0 == result.exit_code, result.exception
    content: Any = YAML(typ="safe").load(result.stdout)  # pyright: ignore[reportUnknownMemberType]
    return InventorySpec.model_validate(content)


def refused(netbox: NetBoxApi, *more: str, **options: str) -> str:
    """What it says instead of an inventory."""
    result = run(netbox, *more, **options)
    assert isinstance(result.exception, ArgosyError), result.output
    assert "" == result.stdout
    return str(result.exception)
