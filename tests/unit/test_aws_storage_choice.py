"""Names, copies, readers and file systems of a site, without Pulumi."""

import re
from dataclasses import replace

import pytest

from argosy_aws.storage.choice import (
    bucket_name,
    choose_buckets,
    choose_file_systems,
    key_alias,
    reader_role_name,
    replication_role_name,
)
from argosy_aws.storage.facts import load_storage_facts
from argosy_component.contract import PeerPlan

from ..aws_plans import ACCOUNT, site_settings
from .storage_plans import OTHER_ACCOUNT, PLAN, planned

LONG = "a-name-of-forty-letters-is-the-longest-1"
LEGAL_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")


def test_a_bucket_s_name_is_legal_whatever_the_words_and_the_region() -> None:
    for region in ("us-east-1", "ap-southeast-1", "me-south-1"):
        for words in (("a", "b", "c"), (LONG, LONG, LONG)):
            assert LEGAL_NAME.match(bucket_name(*words, region, ACCOUNT)), (region, words)


def test_a_bucket_s_name_lies_in_the_account_s_own_namespace() -> None:
    name = bucket_name("prod", "aws-use1", "weights", "us-east-1", ACCOUNT)

    assert re.fullmatch(r"weights-aws-use1-prod-[0-9a-f]{6}-111122223333-us-east-1-an", name)


def test_a_region_without_namespaces_has_no_name_that_only_one_could_have() -> None:
    assert not bucket_name("prod", "s", "b", "me-central-1", ACCOUNT).endswith("-an")
    plan = replace(planned(buckets={"b": {"holds": "data"}}), region="me-central-1")
    assert not choose_buckets(plan)[0].own_namespace
    assert choose_buckets(planned(buckets={"b": {"holds": "data"}}))[0].own_namespace


def test_names_whose_words_join_alike_stay_apart() -> None:
    assert bucket_name("prod", "eu-a", "b", "us-east-1", ACCOUNT) != bucket_name(
        "prod-eu", "a", "b", "us-east-1", ACCOUNT
    )
    assert bucket_name("f", "s", "a-b", "us-east-1", ACCOUNT) != bucket_name(
        "f", "b-s", "a", "us-east-1", ACCOUNT
    )
    assert replication_role_name("f", "s", "a-b") != replication_role_name("f", "b-s", "a")
    assert key_alias("a-b", "c") != key_alias("a", "b-c")


def test_names_that_are_cut_stay_apart() -> None:
    assert bucket_name(f"{LONG}", LONG, LONG, "us-east-1", ACCOUNT) != bucket_name(
        f"{LONG}x", LONG, LONG, "us-east-1", ACCOUNT
    )


def test_roles_have_names_that_iam_takes() -> None:
    assert 64 >= len(replication_role_name(LONG, LONG, LONG))
    assert 64 >= len(reader_role_name(LONG, LONG, LONG, LONG))


def test_old_versions_stay_as_long_as_what_they_hold_is_worth() -> None:
    plan = planned(buckets={holds: {"holds": holds} for holds in ("checkpoints", "data", "weights")})

    assert {"checkpoints": 7, "data": 90, "weights": 365} == {
        choice.bucket: choice.old_version_days for choice in choose_buckets(plan)
    }
    assert ["weights"] == [choice.bucket for choice in choose_buckets(plan) if choice.tiered]


def test_a_copy_goes_to_the_bucket_that_the_peer_declares_for_itself() -> None:
    plan = planned(buckets={"checkpoints": {"holds": "checkpoints", "replicate_to": ["aws-usw2"]}})
    there = replace(
        PLAN,
        name="aws-usw2",
        region="us-west-2",
        settings=site_settings(buckets={"checkpoints": {"holds": "checkpoints"}}),
    )

    (replica,) = choose_buckets(plan)[0].replicas
    assert choose_buckets(there)[0].name == replica.bucket_name
    assert f"arn:aws:kms:us-west-2:{ACCOUNT}:{key_alias('prod', 'aws-usw2')}" == replica.key_alias_arn
    assert not replica.other_account


def test_a_bucket_in_another_account_admits_the_role_that_copies_to_it() -> None:
    here = planned(buckets={"data": {"holds": "data", "replicate_to": ["aws-far"]}})
    there = replace(
        PLAN,
        name="aws-far",
        region="ap-southeast-1",
        account=OTHER_ACCOUNT,
        peers=(PeerPlan("aws-use1", "aws", region="us-east-1", account=ACCOUNT),),
        settings=site_settings(buckets={"data": {"holds": "data", "replicas_from": ["aws-use1"]}}),
    )

    (source,) = choose_buckets(there)[0].sources
    assert f"arn:aws:iam::{ACCOUNT}:role/{choose_buckets(here)[0].replication_role}" == source.role_arn
    assert choose_buckets(here)[0].replicas[0].other_account


def test_within_one_account_nobody_needs_to_be_admitted() -> None:
    plan = planned(buckets={"data": {"holds": "data", "replicas_from": ["aws-usw2"]}})

    assert () == choose_buckets(plan)[0].sources


def test_a_site_named_twice_is_copied_to_once() -> None:
    plan = planned(buckets={"data": {"holds": "data", "replicate_to": ["aws-usw2", "aws-usw2"]}})

    assert ["aws-usw2"] == [replica.site for replica in choose_buckets(plan)[0].replicas]


def test_a_hand_made_plan_without_the_peer_is_refused() -> None:
    plan = planned(buckets={"data": {"holds": "data", "replicate_to": ["nowhere"]}})

    with pytest.raises(ValueError, match="nowhere, which is no other site"):
        choose_buckets(plan)


def test_a_hand_made_plan_without_an_account_is_refused() -> None:
    plan = replace(planned(buckets={"data": {"holds": "data"}}), account=None)

    with pytest.raises(ValueError, match="needs region and account"):
        choose_buckets(plan)


def test_efa_follows_from_the_file_system_s_own_line_and_not_from_pools() -> None:
    plan = planned(lustre={"a": {"zone": "use1-az4", "capacity_gib": 19200}})

    assert choose_file_systems(plan)[0].efa
    assert choose_file_systems(plan) == choose_file_systems(replace(plan, node_pools=()))


def test_a_site_that_asks_for_nothing_gets_nothing() -> None:
    assert ((), ()) == (choose_buckets(PLAN), choose_file_systems(PLAN))


@pytest.mark.parametrize(
    ("capacity", "throughput", "efa", "legal"),
    [
        (1200, 250, False, (1200,)),
        (1300, 250, False, (1200, 2400)),
        (3600, 250, False, (2400, 4800)),
        (4800, 125, False, (4800,)),
        (9600, 250, True, (19200,)),
        (19200, 250, True, (19200,)),
        (40000, 125, True, (38400, 76800)),
        (4800, 1000, True, (4800,)),
        (1200, 1000, True, (4800,)),
    ],
)
def test_capacity_comes_in_steps_that_efa_widens(
    capacity: int, throughput: int, efa: bool, legal: tuple[int, ...]
) -> None:
    assert legal == load_storage_facts().lustre.nearest_capacities(capacity, throughput, efa=efa)


@pytest.mark.parametrize(
    ("capacity", "least"),
    [
        (1200, 1500),
        (2400, 3000),
        (9600, 6000),
        (12000, 12000),
        (45600, 12000),
        (48000, 24000),
        (76800, 36000),
        (384_000, 192_000),
        (9_998_400, 192_000),
    ],
)
def test_metadata_operations_come_with_capacity(capacity: int, least: int) -> None:
    assert least == load_storage_facts().lustre.least_metadata_iops(capacity)
