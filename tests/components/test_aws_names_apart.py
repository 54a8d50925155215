"""Names of roles, profiles and links in one site are never alike, however a fleet file's names are cut."""

from collections import Counter
from typing import Any

import pulumi
import pytest

from argosy_aws.descriptor import PROVIDER
from argosy_aws.links import joined_links
from argosy_component.contract import PeerPlan
from argosy_component.mock_engine import ResourceGraph
from argosy_component.testing import Declare

from ..aws_plans import aws_plan, aws_pool, site_settings

AUTHORITY = "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/5f0a3c1e"
PEERS = tuple(
    PeerPlan(hall, "metal", cidr=f"10.{number}.0.0/16") for number, hall in ((70, "x"), (71, "read-x"))
)
GOOGLE = {"google_subject": "112233445566778899001"}
PROFILE = "aws:rolesanywhere/profile:Profile"
ROLE = "aws:iam/role:Role"


def declared(declare: Declare, **settings: Any) -> tuple[ResourceGraph, list[str]]:
    """The graph of a site with these settings, and its links."""
    plan = aws_plan(aws_pool(), peers=PEERS, settings=site_settings(**settings))
    links: list[str] = []

    def program() -> None:
        links.extend(PROVIDER.declare_site(plan).links)

    return declare(program), links


def joins(pods: int) -> dict[str, Any]:
    return {"joins": {"pods": f"10.{pods}.0.0/16", "certificate_authority": AUTHORITY}}


def twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def names(graph: ResourceGraph, kind: str) -> list[str]:
    return [str(resource.inputs["name"]) for resource in graph.of_type(kind) if "name" in resource.inputs]


def test_a_bucket_and_its_reader_are_told_from_others_that_read_alike(declare: Declare) -> None:
    graph, _ = declared(
        declare,
        buckets={
            "a-by-b": {"holds": "data", "readers": {"c": GOOGLE}},
            "a": {"holds": "data", "readers": {"b-by-c": GOOGLE}},
        },
    )
    roles = [role.name for role in graph.of_type(ROLE) if "-read." in role.name]

    assert ["aws-use1-read.a-by-b.c", "aws-use1-read.a.b-by-c"] == sorted(roles)
    assert [] == twice(names(graph, ROLE))


def test_links_of_readers_are_told_from_others_that_read_alike(declare: Declare) -> None:
    _, links = declared(
        declare,
        buckets={
            "b-c": {"holds": "data", "readers": {"a": GOOGLE}},
            "c": {"holds": "data", "readers": {"a-b": GOOGLE}},
        },
    )

    assert {"reader-a.b-c", "reader-a-b.c"} <= set(links)


def test_a_hall_that_reads_is_told_from_one_that_is_called_so(declare: Declare) -> None:
    graph, links = declared(
        declare,
        halls={"x": joins(65), "read-x": joins(66)},
        buckets={"data": {"holds": "data", "readers": {"x": {}, "read-x": {}}}},
    )

    assert 4 == len(graph.of_type(PROFILE))
    assert [] == twice(names(graph, PROFILE))
    assert {"profile-x", "profile-read-x"} <= set(links)


def test_a_link_that_two_parts_give_is_refused(declare: Declare) -> None:
    def program() -> None:
        one = pulumi.Output.from_input("one")
        assert ["a", "b"] == list(joined_links({"a": one}, {"b": one}))
        with pytest.raises(ValueError, match="two links are called a"):
            joined_links({"a": one}, {"b": one, "a": one})

    declare(program)
