"""Names that differ in the fleet file, and would be one name where resources bear them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy.catalog import load_catalog
from argosy.errors import Fault
from argosy.providers import load_providers
from argosy.resolve import resolve
from argosy.spec.alike import read_alike
from argosy.spec.loader import load_spec
from argosy_aws.name_refusals import refuse_names_alike

Faults = Callable[..., list[Fault]]

POOL = {
    "instance_type": "p5en.48xlarge",
    "zone": "use1-az6",
    "role": "inference",
    "nodes": 1,
    "capacity": {"type": "on-demand"},
}
GOOGLE_POOL = {**POOL, "instance_type": "a3-megagpu-8g", "zone": "europe-west4-b"}
GOOGLE = {"provider": "gcp", "region": "europe-west4", "account": "example-fleet", "cidr": "10.32.0.0/16"}


def aws(cidr: str, *pools: str, **settings: Any) -> dict[str, Any]:
    return {
        "provider": "aws",
        "region": "us-east-1",
        "account": "111122223333",
        "cidr": cidr,
        "settings": {
            "image_release": "1.34.9-20260801",
            "administrators": ["arn:aws:iam::111122223333:role/fleet-admin"],
            **settings,
        },
        "node_pools": {name: dict(POOL) for name in pools},
    }


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """Faults of a fleet of these sites, or of the names alone that the settings of one site give."""

    def make(sites: dict[str, Any], names_of: str | None = None) -> list[Fault]:
        file = tmp_path / "lab.yaml"
        with file.open("w", encoding="utf-8") as text:
            YAML(typ="safe").dump(  # pyright: ignore[reportUnknownMemberType]
                {"version": 1, "name": "lab", "sites": sites}, text
            )
        fleet = load_spec(str(file))
        if names_of is not None:
            return list(refuse_names_alike(names_of, fleet))
        return resolve(fleet, load_catalog(), load_providers())

    return make


def only(found: list[Fault]) -> Fault:
    assert 1 == len(found), [str(fault) for fault in found]
    return found[0]


def test_pairs_that_read_alike_are_told_with_the_first_of_them() -> None:
    pairs = [("c", "a-b"), ("c", "b"), ("c-a", "b"), ("c-a-b", "c")]

    assert [(("c-a", "b"), ("c", "a-b"))] == list(read_alike(pairs))


def test_a_pool_that_reads_like_one_of_another_site_is_refused(faults: Faults) -> None:
    fault = only(faults({"c": aws("10.16.0.0/16", "a-b"), "c-a": aws("10.17.0.0/16", "b")}))

    assert "sites.c-a.node_pools.b" == fault.path
    assert "'b', which with its site reads c-a-b, like a-b of c" == fault.given
    assert "rename the pool" == fault.fix


def test_a_pool_is_held_against_those_of_every_provider(faults: Faults) -> None:
    google = {**GOOGLE, "node_pools": {"b": dict(GOOGLE_POOL)}}

    assert "sites.c-a.node_pools.b" == only(faults({"c": aws("10.16.0.0/16", "a-b"), "c-a": google})).path


def test_pools_of_one_name_at_sites_of_like_names_are_not_refused(faults: Faults) -> None:
    assert [] == faults({"c": aws("10.16.0.0/16", "a", "b"), "c-a": aws("10.17.0.0/16", "a", "b")})


SETTINGS = {
    "buckets": {"holds": "data"},
    "lustre": {"zone": "use1-az6", "capacity_gib": 19200},
    "halls": {},
}


@pytest.mark.parametrize("field", SETTINGS)
def test_what_settings_name_reads_like_nothing_of_another_site(faults: Faults, field: str) -> None:
    sites = {
        "c": aws("10.16.0.0/16", "train", **{field: {"a-b": SETTINGS[field]}}),
        "c-a": aws("10.17.0.0/16", "train", **{field: {"b": SETTINGS[field]}}),
    }
    fault = only(faults(sites, names_of="c-a"))

    assert f"sites.c-a.settings.{field}.b" == fault.path
    assert "'b', which with its site reads c-a-b, like a-b of c" == fault.given
    assert [] == faults(sites, names_of="c")


def test_a_bucket_may_read_like_a_file_system_or_a_pool(faults: Faults) -> None:
    buckets, lustre = ({"b": SETTINGS[field]} for field in ("buckets", "lustre"))

    assert [] == faults(
        {
            "c": aws("10.16.0.0/16", "a-c", lustre={"a-b": SETTINGS["lustre"]}),
            "c-a": aws("10.17.0.0/16", "b", buckets=buckets, lustre={}),
            "d": aws("10.18.0.0/16", "b", buckets=buckets, lustre=lustre),
        }
    )


def test_an_aws_site_says_it_among_all_its_faults(faults: Faults) -> None:
    sites = {
        "c": aws("10.16.0.0/16", "train", buckets={"a-b": SETTINGS["buckets"]}),
        "c-a": aws("10.17.0.0/16", "train", buckets={"b": SETTINGS["buckets"]}),
    }

    assert "sites.c-a.settings.buckets.b" == only(faults(sites)).path
