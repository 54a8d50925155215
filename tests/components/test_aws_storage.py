"""The storage of an AWS site as it is declared: what is private, kept, linked, copied and read."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from argosy_aws.network.vpc import declare_network
from argosy_aws.scope import SiteScope
from argosy_aws.storage.bucket_roles import declare_replication
from argosy_aws.storage.choice import choose_buckets, key_alias
from argosy_aws.storage.storage import declare_storage
from argosy_component.contract import PeerPlan, SitePlan
from argosy_component.mock_engine import UNKNOWN, ResourceGraph, run_program
from argosy_component.testing import Declare

from ..aws_plans import ACCOUNT, aws_plan, site_settings
from .once import once

OTHER_ACCOUNT = "444455556666"
ANCHOR = f"arn:aws:rolesanywhere:us-east-1:{ACCOUNT}:trust-anchor/oslo"
DNS = "fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com"
SUBJECT = "112233445566778899001"

BUCKET = "aws:s3/bucket:Bucket"
FILE_SYSTEM = "aws:fsx/lustreFileSystem:LustreFileSystem"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"

BUCKETS: dict[str, Any] = {
    "checkpoints": {
        "holds": "checkpoints",
        "expire_days": 60,
        "replicate_to": ["aws-far", "aws-usw2"],
        "readers": {"gcp-euw4": {"google_subject": SUBJECT}, "oslo": {}},
    },
    "weights": {"holds": "weights"},
}
SCRATCH: dict[str, Any] = {"zone": "use1-az4", "capacity_gib": 19200, "bucket": "checkpoints"}
PLAN = aws_plan(
    peers=(
        PeerPlan("aws-far", "aws", region="ap-southeast-1", account=OTHER_ACCOUNT),
        PeerPlan("aws-usw2", "aws", region="us-west-2", account=ACCOUNT),
        PeerPlan("gcp-euw4", "gcp", region="europe-west4", account="example-fleet"),
        PeerPlan("oslo", "metal"),
    ),
    settings=site_settings(buckets=BUCKETS, lustre={"scratch": SCRATCH}),
)
World = Callable[..., ResourceGraph]


def planned(**settings: Any) -> SitePlan:
    return replace(PLAN, settings=site_settings(**settings))


def declared(
    plan: SitePlan = PLAN,
    anchors: Mapping[str, str] | None = None,
    peers: Mapping[str, Mapping[str, pulumi.Output[str]]] | None = None,
) -> Mapping[str, pulumi.Output[str]]:
    """Network, storage and copies of a site, as a run declares them."""
    scope = SiteScope.of(plan, pulumi.ResourceOptions())
    known = {"oslo": ANCHOR} if anchors is None else anchors
    links = declare_storage(
        scope,
        declare_network(scope, {"use1-az4"}),
        {hall: pulumi.Output.from_input(anchor) for hall, anchor in known.items()},
    )
    declare_replication(scope, links, peers or {})
    return links


@pytest.fixture(scope="module")
def world() -> World:
    """The graph of a site's network and storage; its links are exported."""

    return once(graph_of)


def graph_of(plan: SitePlan = PLAN, *, preview: bool = False, **options: Any) -> ResourceGraph:
    def program() -> None:
        for name, value in declared(plan, **options).items():
            pulumi.export(name, value)

    return run_program(
        program, preview=preview, outputs={FILE_SYSTEM: {"dnsName": DNS, "mountName": "abcdefgh"}}
    )


def name_of(bucket: str, plan: SitePlan = PLAN) -> str:
    return next(choice.name for choice in choose_buckets(plan) if choice.bucket == bucket)


def test_a_bucket_is_the_account_s_own_and_outlives_mistakes(world: World) -> None:
    graph = world()

    assert {name_of("checkpoints"), name_of("weights")} == {
        bucket.inputs["bucket"] for bucket in graph.of_type(BUCKET)
    }
    for bucket in graph.of_type(BUCKET):
        assert bucket.options["protect"]
        assert "account-regional" == bucket.inputs["bucketNamespace"]
        assert not bucket.inputs["forceDestroy"]


def test_no_bucket_is_public(world: World) -> None:
    blocks = world().of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")

    assert 2 == len(blocks)
    for block in blocks:
        assert [True] * 4 == [
            block.inputs[key]
            for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        ]


def test_every_bucket_belongs_to_its_account_and_keeps_versions(world: World) -> None:
    graph = world()
    owners = graph.of_type("aws:s3/bucketOwnershipControls:BucketOwnershipControls")

    assert [{"objectOwnership": "BucketOwnerEnforced"}] * 2 == [owner.inputs["rule"] for owner in owners]
    assert [{"status": "Enabled"}] * 2 == [
        versions.inputs["versioningConfiguration"] for versions in graph.of_type(VERSIONING)
    ]


def test_one_protected_key_that_rotates_encrypts_everything(world: World) -> None:
    graph = world()
    key = graph.one("aws:kms/key:Key", "aws-use1-storage")

    assert key.inputs["enableKeyRotation"]
    assert key.options["protect"]
    for encryption in graph.of_type(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ):
        (rule,) = encryption.inputs["rules"]
        assert rule["bucketKeyEnabled"]
        default = rule["applyServerSideEncryptionByDefault"]
        assert "aws:kms" == default["sseAlgorithm"]
        assert default["kmsMasterKeyId"].endswith("key/aws-use1-storage")
    assert graph.one(FILE_SYSTEM).inputs["kmsKeyId"].endswith("key/aws-use1-storage")


def test_peers_find_the_key_by_its_alias(world: World) -> None:
    alias = world().one("aws:kms/alias:Alias").inputs

    assert key_alias("prod", "aws-use1") == alias["name"]
    assert alias["targetKeyId"].endswith("key/aws-use1-storage")


def test_a_bucket_s_policy_names_the_key_of_the_site(world: World) -> None:
    text = world().one(POLICY, "aws-use1-weights").inputs["policy"]

    assert "key/aws-use1-storage" in text
    assert {"Deny"} == {rule["Effect"] for rule in json.loads(text)["Statement"]}


def test_old_versions_and_half_uploads_go_and_checkpoints_expire(world: World) -> None:
    rules = {rule["id"]: rule for rule in world().one(LIFECYCLE, "aws-use1-checkpoints").inputs["rules"]}

    assert {"expire", "old-versions"} == set(rules)
    assert {"daysAfterInitiation": 7} == rules["old-versions"]["abortIncompleteMultipartUpload"]
    assert {"noncurrentDays": 7} == rules["old-versions"]["noncurrentVersionExpiration"]
    assert {"expiredObjectDeleteMarker": True} == rules["old-versions"]["expiration"]
    assert {"days": 60} == rules["expire"]["expiration"]


def test_weights_that_nobody_reads_get_cheaper_and_stay(world: World) -> None:
    rules = {rule["id"]: rule for rule in world().one(LIFECYCLE, "aws-use1-weights").inputs["rules"]}

    assert {"old-versions", "tier"} == set(rules)
    assert [{"days": 30, "storageClass": "INTELLIGENT_TIERING"}] == rules["tier"]["transitions"]


def test_checkpoints_are_copied_to_each_peer_under_its_own_key(world: World) -> None:
    graph = world()
    config = graph.one(REPLICATION)
    far, near = config.inputs["rules"]

    assert name_of("checkpoints") == config.inputs["bucket"]
    assert ("to-aws-far", "to-aws-usw2") == (far["id"], near["id"])
    assert far["priority"] != near["priority"]
    for rule, region, account in ((far, "ap-southeast-1", OTHER_ACCOUNT), (near, "us-west-2", ACCOUNT)):
        to = rule["destination"]
        assert to["bucket"].endswith(f"-{account}-{region}-an")
        assert f"arn:aws:kms:{region}:{account}:alias/" in to["encryptionConfiguration"]["replicaKmsKeyId"]
        assert {"status": "Enabled"} == to["metrics"]
        assert {"status": "Disabled"} == rule["deleteMarkerReplication"]
        assert {"status": "Enabled"} == rule["sourceSelectionCriteria"]["sseKmsEncryptedObjects"]
        # Without it S3 takes the rule for one of the first version, which copies deletions.
        assert {"prefix": ""} == rule["filter"]


def test_a_copy_in_another_account_belongs_to_that_account(world: World) -> None:
    far, near = world().one(REPLICATION).inputs["rules"]

    assert OTHER_ACCOUNT == far["destination"]["account"]
    assert {"owner": "Destination"} == far["destination"]["accessControlTranslation"]
    assert "accessControlTranslation" not in near["destination"]


def test_copying_waits_for_versions_here_and_for_the_bucket_there(declare: Declare) -> None:
    there = replace(
        planned(buckets={"checkpoints": {"holds": "checkpoints"}}), name="aws-usw2", region="us-west-2"
    )
    there = replace(there, cidr="10.24.0.0/16", peers=())

    def program() -> None:
        scope = SiteScope.of(there, pulumi.ResourceOptions())
        peer = declare_storage(scope, declare_network(scope, {"usw2-az3"}), {})
        declared(peers={"aws-usw2": peer})

    config = declare(program).one(REPLICATION)
    waits = "\n".join(config.options["propertyDependencies"]["rules"])
    assert "BucketVersioning::aws-usw2-checkpoints" in waits
    assert "BucketVersioning::aws-use1-checkpoints" in "\n".join(
        config.options["propertyDependencies"]["bucket"]
    )
    assert config.inputs["rules"] == _rules_alone(declare)


def _rules_alone(declare: Declare) -> list[Any]:
    return declare(declared).one(REPLICATION).inputs["rules"]


def test_s3_copies_by_a_role_that_other_accounts_know(world: World) -> None:
    graph = world()
    role = graph.one(ROLE, "aws-use1-replicate.checkpoints")
    choice = next(choice for choice in choose_buckets(PLAN) if choice.bucket == "checkpoints")

    assert choice.replication_role == role.inputs["name"]
    assert "s3.amazonaws.com" in role.inputs["assumeRolePolicy"]
    rights = graph.one(ROLE_POLICY, "aws-use1-replicate.checkpoints").inputs["policy"]
    assert "s3:ReplicateObject" in rights
    assert "key/aws-use1-storage" in rights


def test_each_reader_has_a_role_that_trusts_it_alone(world: World) -> None:
    graph = world()
    google = graph.one(ROLE, "aws-use1-read.checkpoints.gcp-euw4").inputs["assumeRolePolicy"]
    oslo = graph.one(ROLE, "aws-use1-read.checkpoints.oslo").inputs["assumeRolePolicy"]

    assert SUBJECT in google
    assert ANCHOR not in google
    assert ANCHOR in oslo
    for reader in ("gcp-euw4", "oslo"):
        rights = graph.one(ROLE_POLICY, f"aws-use1-read.checkpoints.{reader}").inputs["policy"]
        assert name_of("checkpoints") in rights
        assert name_of("weights") not in rights


def test_a_hall_takes_on_its_roles_by_one_profile(world: World) -> None:
    read: dict[str, Any] = {"holds": "data", "readers": {"oslo": {}}}
    profile = world(planned(buckets={"one": read, "two": read})).one("aws:rolesanywhere/profile:Profile")

    assert profile.inputs["enabled"]
    assert 2 == len(profile.inputs["roleArns"])


def test_a_hall_without_a_trust_anchor_declares_nothing_half(world: World) -> None:
    with pytest.raises(ValueError, match="oslo reads checkpoints but has no trust anchor at aws-use1"):
        world(anchors={})


def test_lustre_persists_on_ssds_over_efa_in_the_zone_of_its_nodes(world: World) -> None:
    system = world().one(FILE_SYSTEM)

    assert {
        "deploymentType": "PERSISTENT_2",
        "storageType": "SSD",
        "fileSystemTypeVersion": "2.15",
        "storageCapacity": 19200,
        "perUnitStorageThroughput": 250,
        "efaEnabled": True,
        "dataCompressionType": "LZ4",
        "metadataConfiguration": {"mode": "AUTOMATIC"},
        "subnetIds": "subnet-aws-use1-nodes-use1-az4",
        "automaticBackupRetentionDays": 0,
        "weeklyMaintenanceStartTime": "7:05:00",
    }.items() <= system.inputs.items()
    assert system.options["protect"]
    assert ["securitygroup-aws-use1-lustre", "securitygroup-aws-use1-efa"] == system.inputs[
        "securityGroupIds"
    ]
    assert "aws-use1-efa-self" in "\n".join(system.options["dependsOn"])


def test_lustre_without_efa_is_no_member_of_the_fabric(world: World) -> None:
    small = {"zone": "use1-az4", "capacity_gib": 1200, "efa": False, "metadata_iops": 3000, "backup_days": 7}
    system = world(planned(lustre={"small": small})).one(FILE_SYSTEM).inputs

    assert ["securitygroup-aws-use1-lustre"] == system["securityGroupIds"]
    assert not system["efaEnabled"]
    assert {"mode": "USER_PROVISIONED", "iops": 3000} == system["metadataConfiguration"]
    assert (7, False) == (system["automaticBackupRetentionDays"], system["skipFinalBackup"])


def test_lustre_is_reached_by_nodes_on_its_own_ports_both_ways(world: World) -> None:
    graph = world()
    lustre, nodes = "securitygroup-aws-use1-lustre", "securitygroup-aws-use1-nodes"
    ports = {(988, 988), (1018, 1023)}

    for direction, pairs in (
        ("Ingress", {(lustre, lustre), (lustre, nodes), (nodes, lustre)}),
        ("Egress", {(lustre, lustre), (lustre, nodes)}),
    ):
        rules = [
            rule.inputs
            for rule in graph.of_type(f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule")
            if rule.inputs["description"] == "Lustre"
        ]
        assert {(first, last, *pair) for first, last in ports for pair in pairs} == {
            (rule["fromPort"], rule["toPort"], rule["securityGroupId"], rule["referencedSecurityGroupId"])
            for rule in rules
        }
        assert {"tcp"} == {rule["ipProtocol"] for rule in rules}


def test_lustre_writes_back_to_its_bucket_and_deletes_nothing_there(world: World) -> None:
    graph = world()
    link = graph.one("aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation").inputs

    assert (f"s3://{name_of('checkpoints')}", "/checkpoints") == (
        link["dataRepositoryPath"],
        link["fileSystemPath"],
    )
    assert ["NEW", "CHANGED"] == link["s3"]["autoExportPolicy"]["events"]
    assert ["NEW", "CHANGED", "DELETED"] == link["s3"]["autoImportPolicy"]["events"]
    log = graph.one("aws:cloudwatch/logGroup:LogGroup", "aws-use1-lustre").inputs
    assert (True, 365) == (log["name"].startswith("/aws/fsx/"), log["retentionInDays"])
    assert log["kmsKeyId"].endswith("key/aws-use1-storage")
    assert "WARN_ERROR" == graph.one(FILE_SYSTEM).inputs["logConfiguration"]["level"]


def test_a_zone_without_a_subnet_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="aws-use1 has no pool, and so no subnet, in use1-az6"):
        world(planned(lustre={"scratch": {"zone": "use1-az6", "capacity_gib": 19200}}))


def test_the_links_say_where_everything_is(world: World) -> None:
    links = world().outputs

    assert {
        "bucket-checkpoints",
        "bucket-weights",
        "lustre-scratch-dns",
        "lustre-scratch-id",
        "lustre-scratch-mount",
        "profile-oslo",
        "reader-gcp-euw4.checkpoints",
        "reader-oslo.checkpoints",
        "storage-key",
    } == set(links)
    assert name_of("checkpoints") == links["bucket-checkpoints"]
    assert (DNS, "abcdefgh") == (links["lustre-scratch-dns"], links["lustre-scratch-mount"])


def test_a_site_that_asks_for_no_storage_has_none(world: World) -> None:
    plan = planned()
    before = {resource.urn for resource in world(plan).resources}

    assert not [
        urn for urn in before if any(word in urn for word in ("s3/", "fsx/", "storage", "rolesanywhere"))
    ]


def test_a_new_pool_or_bucket_leaves_a_file_system_as_it_is(world: World) -> None:
    alone = world(planned(buckets={"checkpoints": {"holds": "checkpoints"}}, lustre={"scratch": SCRATCH}))

    assert alone.one(FILE_SYSTEM).inputs == world().one(FILE_SYSTEM).inputs


def test_a_preview_before_anything_exists_has_the_whole_graph(world: World) -> None:
    preview, after = world(preview=True), world()

    assert [resource.urn for resource in after.resources] == [resource.urn for resource in preview.resources]
    assert UNKNOWN is preview.one(POLICY, "aws-use1-weights").inputs["policy"]
    assert name_of("weights") == preview.one(BUCKET, "aws-use1-weights").inputs["bucket"]


def test_two_runs_of_one_plan_declare_the_same(world: World) -> None:
    again = graph_of()

    assert world() is not again
    assert world().snapshot() == again.snapshot()
