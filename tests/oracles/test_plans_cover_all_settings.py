"""The plans that the oracles look at use every setting there is, so that none is declared unseen."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import get_args

import pytest
from pydantic import BaseModel, Field

from argosy.spec.values import SpecModel
from argosy_aws.settings import (
    AwsPoolSettings,
    AwsSiteSettings,
    BucketReader,
    BucketSettings,
    HallSettings,
    LustreSettings,
    SystemNodesSettings,
)
from argosy_component.contract import SitePlan
from argosy_component.mock_engine import ResourceGraph

from .conftest import declared
from .every_oracle import ORACLES
from .plans import CAPACITIES, SETTINGS, TRAIN, site, site_of_everything
from .violations import shown

Setting = tuple[str, str]
"""A model's name, and a field of it."""

UNUSED: Mapping[Setting, str] = {
    ("AwsPoolSettings", "offered_in"): "takes back a refusal, and declares nothing",
    ("DirectConnectPort", "region"): "says where AWS is called; see test_aws_rare_settings",
}
"""What no plan uses, and why that hides nothing from an oracle."""


def site_of_the_rest() -> SitePlan:
    """A site with the settings that the site of everything leaves at their defaults."""
    settings = AwsSiteSettings(
        service_cidr="172.21.0.0/16",
        addons={"coredns": "v1.12.4-eksbuild.1", "vpc-cni": "v1.21.1-eksbuild.3"},
        alarm_topic="arn:aws:sns:us-east-1:111122223333:on-call",
        transit_gateway_asn=65_100,
        system_nodes=SystemNodesSettings(instance_type="m7i.xlarge", nodes=3),
        halls={"oslo": SETTINGS.halls["oslo"].model_copy(update={"joins": None})},
        buckets={
            "checkpoints": BucketSettings(
                holds="checkpoints",
                readers={
                    "gcp-usc1": BucketReader(
                        google_subject="109876543210987654321", google_audience="https://storage.example"
                    )
                },
            )
        },
        lustre={
            "scratch": LustreSettings(
                zone="use1-az4", capacity_gib=9_600, throughput_mbps_per_tib=500, maintenance="1:04:30"
            )
        },
    )
    pools = (
        replace(TRAIN, name="released", settings=AwsPoolSettings(image_release="1.34.3-20260210")),
        replace(TRAIN, name="large", settings=AwsPoolSettings(root_volume_gib=500)),
        replace(CAPACITIES["block-ahead"], name="early", settings=AwsPoolSettings(drain_minutes=120)),
    )
    return site(pools, settings=settings)


PLANS = (site_of_everything, site_of_the_rest)


def models(settings: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model of settings, and all that stand below it."""
    yield settings
    for field in settings.model_fields.values():
        for inner in _models_in(field.annotation):
            yield from models(inner)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def fields(*settings: type[BaseModel]) -> set[Setting]:
    """Every field that a user can write."""
    return {
        (model.__name__, field) for top in settings for model in models(top) for field in model.model_fields
    }


def used(value: object) -> Iterator[Setting]:
    """Every field in a value that is not what it is when nobody writes it."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner = getattr(value, name)
            if field.is_required() or inner != field.get_default():
                yield type(value).__name__, name
                yield from used(inner)
    elif isinstance(value, Mapping):
        for member in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from used(member)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, tuple):
        for member in value:  # pyright: ignore[reportUnknownVariableType]
            yield from used(member)  # pyright: ignore[reportUnknownArgumentType]


def used_by(plan: SitePlan) -> set[Setting]:
    return {field for at in (plan, *plan.node_pools) for field in used(at.settings)}


@pytest.fixture(scope="module")
def the_rest() -> ResourceGraph:
    """The graph of the site with the rest of the settings."""
    return declared(site_of_the_rest())


def test_every_setting_is_used_by_a_plan_or_said_to_be_unused() -> None:
    seen = {field for plan in PLANS for field in used_by(plan())}

    assert set(UNUSED) == fields(AwsSiteSettings, AwsPoolSettings) - seen


def test_the_fields_of_inner_settings_count() -> None:
    known = fields(AwsSiteSettings, AwsPoolSettings)

    assert {
        ("AwsPoolSettings", "also"),
        ("BucketReader", "google_audience"),
        ("DirectConnectPort", "vlan"),
        ("JoinSettings", "pods"),
        ("LustreSettings", "efa"),
        ("SystemNodesSettings", "nodes"),
        ("VpnEndpoint", "asn"),
    } <= known


def test_a_setting_that_nobody_uses_is_noticed() -> None:
    class Later(SpecModel):
        halls: dict[str, HallSettings] = Field(default={})
        spare_nodes: int = 0

    assert {("Later", "spare_nodes"), ("Later", "halls")} <= fields(Later) - set(used(Later()))
    assert ("Later", "spare_nodes") in set(used(Later(spare_nodes=1)))


def test_a_setting_that_is_written_as_it_is_anyway_is_not_used() -> None:
    assert set() == set(used(AwsPoolSettings(root_volume_gib=200)))


@pytest.mark.parametrize("oracle", ORACLES)
def test_a_site_with_the_rest_of_the_settings_keeps(oracle: str, the_rest: ResourceGraph) -> None:
    assert "" == shown(ORACLES[oracle](the_rest))
