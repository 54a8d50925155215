"""A fleet file of one cloud site and a purchase file, sound but for what a test changes in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argosy.catalog import Catalog, load_catalog
from argosy.errors import Fault
from argosy.resolve import resolve
from argosy.spec.document import read_document
from argosy.spec.loader import load_spec
from argosy_aws.descriptor import PROVIDER as AWS
from argosy_aws.purchases.load import LoadedPurchases, load_purchases
from argosy_gcp.descriptor import PROVIDER as GCP

LoadOrder = Callable[..., LoadedPurchases]
Refused = Callable[..., list[Fault]]

ORDER = Path(__file__).parents[2] / "stacks" / "purchases" / "aws" / "orders" / "example.yaml"

AWS_SITE = {
    "region": "us-east-1",
    "account": '"111122223333"',
    "cidr": "10.16.0.0/16",
    "settings": "{image_release: 1.34.9-20260801,"
    " administrators: [arn:aws:iam::111122223333:role/fleet-admin]}",
}
AWS_POOL = {
    "instance_type": "p5en.48xlarge",
    "zone": "use1-az6",
    "role": "training",
    "nodes": "8",
    "capacity": "{type: reserved, reservation: cr-0123456789abcdef0}",
}
GCP_SITE = {"region": "europe-west4", "account": "example-fleet", "cidr": "10.32.0.0/16"}
GCP_POOL = {
    "instance_type": "a3-megagpu-8g",
    "zone": "europe-west4-b",
    "role": "training",
    "nodes": "8",
    "capacity": "{type: reserved, reservation: a3mega-2027}",
}


def fields(values: dict[str, str | None], indent: int) -> str:
    return "".join(f"{' ' * indent}{key}: {value}\n" for key, value in values.items() if value is not None)


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Faults of a fleet of one site, which is sound but for the changes."""

    def faults(
        provider: str,
        site: dict[str, Any] | None = None,
        *pools: dict[str, Any],
        demand: str = "",
        fleet: str = "lab",
        site_name: str = "cloud",
        pool_name: str = "train",
        catalog: Catalog | None = None,
    ) -> list[Fault]:
        sound_site, sound_pool = (AWS_SITE, AWS_POOL) if provider == "aws" else (GCP_SITE, GCP_POOL)
        text = f"version: 1\nname: {fleet}\nsites:\n  {site_name}:\n    provider: {provider}\n"
        text += fields({**sound_site, **(site or {})}, 4) + "    node_pools:\n"
        for number, pool in enumerate(pools or ({},)):
            text += f"      {pool_name}{number or ''}:\n" + fields({**sound_pool, **pool}, 8)
        file = tmp_path / "lab.yaml"
        file.write_text(text + demand, encoding="utf-8")
        return resolve(load_spec(str(file)), catalog or load_catalog(), {"aws": AWS, "gcp": GCP})

    return faults


@pytest.fixture
def load_order(tmp_path: Path) -> LoadOrder:
    """Load the example of a purchase file with changes: `a/b` to a value, or to None for what is deleted."""

    def make(changes: dict[str, Any] | None = None) -> LoadedPurchases:
        content = read_document(ORDER.read_text(encoding="utf-8"), ORDER.name).value
        for path, value in (changes or {}).items():
            *above, last = path.split("/")
            place = content
            for step in above:
                place = place.setdefault(step, {})
            if value is None:
                del place[last]
            else:
                place[last] = value
        file = tmp_path / "2027-q1.yaml"
        # JSON is YAML too.
        file.write_text(json.dumps(content, default=float, indent=1), encoding="utf-8")
        return load_purchases(file, load_catalog())

    return make
