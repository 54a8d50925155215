"""Settings that few sites have, or that few have together."""

import base64
from dataclasses import replace
from typing import Any

from argosy_aws.descriptor import PROVIDER
from argosy_component.contract import PeerPlan, SitePlan
from argosy_component.mock_engine import ResourceGraph
from argosy_component.naming import POOL_LABEL
from argosy_component.testing import Declare

from ..aws_plans import RESERVATION, aws_plan, aws_pool, pool_settings, site_settings

BUCKET = "aws:s3/bucket:Bucket"
FILE_SYSTEM = "aws:fsx/lustreFileSystem:LustreFileSystem"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PORT = "aws:directconnect/transitVirtualInterface:TransitVirtualInterface"
ROLE = "aws:iam/role:Role"
SCHEDULE = "aws:scheduler/schedule:Schedule"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LONGEST_ROLE_NAME, MADE_UNIQUE = 64, len("-0123abc")
"""Source: CreateRole of IAM's service model; what Pulumi puts behind a name that a program leaves to it."""

TRAIN = aws_pool()
HELD = aws_pool(
    capacity_type="block",
    reservation=RESERVATION,
    capacity_starts="2027-03-08T11:30:00+00:00",
    capacity_ends="2027-03-15T11:30:00+00:00",
)


def graph_of(declare: Declare, plan: SitePlan) -> ResourceGraph:
    return declare(lambda: PROVIDER.declare_site(plan))


def with_lustre(**systems: dict[str, Any]) -> SitePlan:
    """A site with these file systems, and with a bucket that they may be linked to."""
    settings = site_settings(buckets={"data": {"holds": "data"}}, lustre=systems)
    return aws_plan(TRAIN, settings=settings)


def user_data(declare: Declare, **settings: Any) -> str:
    """What the nodes of a pool with these settings are told."""
    graph = graph_of(declare, aws_plan(replace(TRAIN, settings=pool_settings(**settings))))
    (template,) = (one for one in graph.of_type(TEMPLATE) if one.name.startswith("aws-use1-train"))
    return base64.b64decode(template.inputs["userData"]).decode()


def test_a_node_of_an_image_of_one_s_own_registers_and_mounts_its_cache_of_images(declare: Declare) -> None:
    text = user_data(declare, image="ami-0123456789abcdef0", image_cache="snap-0123456789abcdef0")

    assert f"{POOL_LABEL}=train" in text
    assert "mount /var/lib/containerd" in text
    assert "disabledMounts: [Containerd]" in text


def test_a_node_of_an_image_of_one_s_own_mounts_no_cache_that_nobody_asked_for(declare: Declare) -> None:
    text = user_data(declare, image="ami-0123456789abcdef0")

    assert f"{POOL_LABEL}=train" in text
    assert "/var/lib/containerd" not in text


def test_a_bucket_is_global_where_accounts_have_no_namespace_of_their_own(declare: Declare) -> None:
    settings = site_settings(buckets={"weights": {"holds": "weights"}})
    for region, zone, namespace, ending in (
        ("me-central-1", "mec1-az1", "global", "-111122223333-me-central-1"),
        ("us-east-1", "use1-az4", "account-regional", "-111122223333-us-east-1-an"),
    ):
        pool = replace(TRAIN, by_zone={zone: 8})

        bucket = graph_of(declare, aws_plan(pool, region=region, settings=settings)).one(BUCKET).inputs

        assert namespace == bucket["bucketNamespace"]
        assert bucket["bucket"].endswith(ending)


def test_a_file_system_without_a_bucket_writes_no_log(declare: Declare) -> None:
    """FSx writes about imports and exports alone, and grants a key to a log that nobody writes otherwise."""
    graph = graph_of(declare, with_lustre(home={"zone": "use1-az4", "capacity_gib": 19_200}))

    assert "logConfiguration" not in graph.one(FILE_SYSTEM).inputs
    assert not [log.name for log in graph.of_type(LOG_GROUP) if log.name.endswith("lustre")]


def test_of_two_file_systems_the_linked_one_alone_writes_a_log(declare: Declare) -> None:
    system = {"zone": "use1-az4", "capacity_gib": 19_200}
    graph = graph_of(declare, with_lustre(home=system, scratch={**system, "bucket": "data"}))
    home, scratch = (graph.one(FILE_SYSTEM, f"aws-use1-{name}").inputs for name in ("home", "scratch"))

    assert "logConfiguration" not in home
    assert "WARN_ERROR" == scratch["logConfiguration"]["level"]
    assert (
        graph.one(LOG_GROUP, "aws-use1-lustre").urn
        in graph.one(FILE_SYSTEM, "aws-use1-scratch").options["dependsOn"]
    )


def test_a_port_of_another_region_is_set_up_there_and_one_of_the_site_s_here(declare: Declare) -> None:
    port = {"location": "room a", "connection": "dxcon-fh6ayh1d", "vlan": 101, "asn": 65010}
    other = {**port, "location": "room b", "connection": "dxcon-fh6ayh1e", "region": "us-east-2"}
    plan = aws_plan(
        TRAIN,
        peers=(PeerPlan("oslo", "metal", cidr="10.48.0.0/16"),),
        settings=site_settings(halls={"oslo": {"direct_connect": [port, other]}}),
    )

    regions = {
        one.inputs["connectionId"]: one.inputs.get("region") for one in graph_of(declare, plan).of_type(PORT)
    }

    assert {"dxcon-fh6ayh1d": None, "dxcon-fh6ayh1e": "us-east-2"} == regions


def test_pools_with_the_longest_names_are_resized_by_roles_of_their_own(declare: Declare) -> None:
    """40 characters of a site leave 15 of a role, in which two pools must still be two."""
    site, pools = "s" * 40, ("p" * 26 + "a", "p" * 26 + "b")

    graph = graph_of(declare, aws_plan(*(replace(HELD, name=pool) for pool in pools), name=site))

    resizing = {
        schedule.inputs["target"]["roleArn"].rpartition("/")[2]: schedule.inputs["groupName"]
        for schedule in graph.of_type(SCHEDULE)
    }
    assert 2 == len(resizing)
    assert 2 == len(set(resizing.values()))
    assert set(resizing) <= {role.name for role in graph.of_type(ROLE)}
    for role in resizing:
        assert len(role) + MADE_UNIQUE <= LONGEST_ROLE_NAME
