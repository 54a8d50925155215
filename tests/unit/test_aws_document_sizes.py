"""Policies of storage that grow with the fleet file are held against what AWS takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from argosy.spec.loader import load_spec
from argosy_aws.settings import BucketReader, LustreSettings
from argosy_aws.storage.document_sizes import oversized
from argosy_aws.storage.facts import load_storage_facts
from argosy_aws.storage.policies import bucket_policy_for_pods
from argosy_aws.storage.refusals import refuse_storage
from argosy_component.contract import PeerPlan, SitePlan

from ..aws_plans import ACCOUNT, aws_plan, site_settings

OTHER_ACCOUNT = "444455556666"


def with_buckets(count: int, **spec: Any) -> SitePlan:
    buckets = {f"data-{number:02}": {"holds": "data", **spec} for number in range(count)}
    return aws_plan(settings=site_settings(buckets=buckets))


def with_peers(count: int, field: str, buckets: int = 1) -> SitePlan:
    """A site whose buckets each name so many peers of another account under `field`."""
    peers = tuple(
        PeerPlan(f"far-{number:02}", "aws", region="eu-west-1", account=OTHER_ACCOUNT)
        for number in range(count)
    )
    plan = with_buckets(buckets, **{field: [peer.name for peer in peers]})
    return replace(plan, peers=peers)


def fields(plan: SitePlan) -> list[str]:
    return [document.field for document in oversized(plan)]


def most(make: Callable[[int], SitePlan]) -> int:
    """The largest count for which every document fits."""
    return next(count for count in range(1, 200) if fields(make(count + 1)))


def test_pods_have_rights_to_as_many_buckets_as_their_policy_can_name() -> None:
    fitting = most(with_buckets)
    policy = bucket_policy_for_pods(with_buckets(fitting + 1)) or ""

    assert ["buckets"] == fields(with_buckets(fitting + 1))
    assert 10_240 < len(policy.replace(" ", ""))
    assert 10_240 >= len((bucket_policy_for_pods(with_buckets(fitting)) or "").replace(" ", ""))


def test_a_bucket_is_copied_to_as_many_sites_as_its_role_s_policy_can_name() -> None:
    fitting = most(lambda count: with_peers(count, "replicate_to"))

    assert ["buckets.data-00.replicate_to"] == fields(with_peers(fitting + 1, "replicate_to"))


def test_a_bucket_takes_copies_of_as_many_sites_as_its_own_policy_can_name() -> None:
    fitting = most(lambda count: with_peers(count, "replicas_from"))

    assert "buckets.data-00.replicas_from" in fields(with_peers(fitting + 1, "replicas_from"))


def test_the_key_admits_as_many_copies_as_its_policy_can_name() -> None:
    fitting = most(lambda count: with_peers(count, "replicas_from", buckets=6))

    assert ["buckets"] == fields(with_peers(fitting + 1, "replicas_from", buckets=6))


def test_a_plan_without_buckets_has_no_documents() -> None:
    assert [] == fields(aws_plan())


@pytest.mark.parametrize(("count", "refused"), [(5, False), (40, True)])
def test_a_fleet_file_with_too_many_buckets_is_refused(tmp_path: Path, count: int, refused: bool) -> None:
    pool = {"instance_type": "p5en.48xlarge", "zone": "use1-az6", "role": "inference", "nodes": 1}
    site = {
        "provider": "aws",
        "region": "us-east-1",
        "account": ACCOUNT,
        "cidr": "10.16.0.0/16",
        "settings": {"buckets": {f"data-{number:02}": {"holds": "data"} for number in range(count)}},
        "node_pools": {"serve": {**pool, "capacity": {"type": "on-demand"}}},
    }
    file = tmp_path / "lab.yaml"
    with file.open("w", encoding="utf-8") as text:
        YAML(typ="safe").dump(  # pyright: ignore[reportUnknownMemberType]
            {"version": 1, "name": "lab", "sites": {"cloud": site}}, text
        )
    faults = list(refuse_storage("cloud", load_spec(str(file))))

    assert refused == bool(faults)
    assert ["sites.cloud.settings.buckets"] * refused == [fault.path for fault in faults]
    assert all("at most 10,240" in fault.expected for fault in faults)


def test_the_least_metadata_operations_are_always_ones_that_may_be_written() -> None:
    facts = load_storage_facts().lustre
    annotation: Any = LustreSettings.model_fields["metadata_iops"].annotation
    legal = {value for part in get_args(annotation) for value in get_args(part)}
    least = {facts.least_metadata_iops(gib) for gib in (1200, *range(2400, 10_000_000, 2400))}

    assert facts.most_metadata_iops == max(legal)
    assert least <= legal


@pytest.mark.parametrize(
    "audience", ["argosy", "https://storage.example/a", "32555.apps.example.com", "a:b@c"]
)
def test_an_audience_is_a_word_or_a_url(audience: str) -> None:
    assert audience == BucketReader(google_audience=audience).google_audience


@pytest.mark.parametrize(
    "audience", ["${accounts.google.com:oaud}", "*", "argosy*", "arg?sy", 'a"b', "a'b", "a b", "$", ""]
)
def test_an_audience_that_iam_would_read_otherwise_is_refused(audience: str) -> None:
    with pytest.raises(ValidationError, match="google_audience"):
        BucketReader(google_audience=audience)
