"""The FSx for Lustre file systems of a site: in the zone of the GPUs, over EFA, linked to a bucket.

A training job writes its checkpoint to the node's own NVMe disks, and copies it on in the background: to
Lustre, from where every node of a restart reads at once, or straight to S3. NVMe dies with the instance.
What lies on Lustre is written back to the linked bucket by itself; what is deleted on Lustre stays in the
bucket, and what is deleted in the bucket also leaves Lustre.

Nodes mount it by DNS name and mount name with the FSx driver. Over EFA they must be set up for it (Lustre
client 2.15, EFA bound to LNet) and stand in the same zone; all others mount it over TCP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.network.vpc import SiteNetwork
from argosy_aws.scope import SiteScope
from argosy_aws.storage.choice import FileSystemChoice, choose_file_systems
from argosy_aws.storage.facts import load_storage_facts
from argosy_aws.storage.policies import is_linked, log_group_name

_LOG_RETENTION_DAYS = 365


@dataclass(frozen=True)
class _Surroundings:
    """What the file systems of a site share."""

    network: SiteNetwork
    key: aws.kms.Key
    group: aws.ec2.SecurityGroup
    rules: list[pulumi.Resource]
    log: aws.cloudwatch.LogGroup | None


def declare_lustre(
    scope: SiteScope, network: SiteNetwork, key: aws.kms.Key, buckets: Mapping[str, pulumi.Output[str]]
) -> Mapping[str, pulumi.Output[str]]:
    """Declare every file system of the site, and nothing for a site without.

    `buckets` maps what the fleet file calls a bucket to its name. Gives links `lustre-NAME-id`,
    `lustre-NAME-dns` and `lustre-NAME-mount`, which are what a volume of the FSx driver needs.
    Raises ValueError for a file system in a zone without a subnet.
    """
    choices = choose_file_systems(scope.plan)
    if not choices:
        return {}
    group, rules = _security_group(scope, network)
    around = _Surroundings(network, key, group, rules, _log(scope, key) if is_linked(scope.plan) else None)
    links: dict[str, pulumi.Output[str]] = {}
    for choice in choices:
        system = _file_system(scope, choice, around)
        links[f"lustre-{choice.name}-id"] = system.id
        links[f"lustre-{choice.name}-dns"] = system.dns_name
        links[f"lustre-{choice.name}-mount"] = system.mount_name
        if choice.bucket is not None and choice.path is not None:
            _link(scope, choice.name, system, buckets[choice.bucket], choice.path)
    return links


def _file_system(
    scope: SiteScope, choice: FileSystemChoice, around: _Surroundings
) -> aws.fsx.LustreFileSystem:
    subnet = around.network.node_subnets.get(choice.zone)
    if subnet is None:
        # `argosy_aws.storage.refusals` says so with the line in the fleet file.
        raise ValueError(f"{scope.site} has no pool, and so no subnet, in {choice.zone}")
    fixed = pulumi.ResourceOptions(
        protect=True, custom_timeouts=pulumi.CustomTimeouts(create="2h", update="24h", delete="1h")
    )
    # FSx creates nothing with EFA unless a group lets itself in and out for everything.
    groups = [around.group.id, *([around.network.efa_group.id] if choice.efa else [])]
    automatic = choice.metadata_iops is None
    return aws.fsx.LustreFileSystem(
        f"{scope.site}-{choice.name}",
        deployment_type="PERSISTENT_2",
        storage_type="SSD",
        file_system_type_version=load_storage_facts().lustre.version,
        storage_capacity=choice.capacity_gib,
        per_unit_storage_throughput=choice.throughput_mbps_per_tib,
        efa_enabled=choice.efa,
        metadata_configuration=aws.fsx.LustreFileSystemMetadataConfigurationArgs(
            mode="AUTOMATIC" if automatic else "USER_PROVISIONED", iops=choice.metadata_iops
        ),
        data_compression_type="LZ4",
        kms_key_id=around.key.arn,
        subnet_ids=subnet.id,
        security_group_ids=groups,
        weekly_maintenance_start_time=choice.maintenance,
        automatic_backup_retention_days=choice.backup_days,
        copy_tags_to_backups=choice.backup_days > 0,
        skip_final_backup=choice.backup_days == 0,
        log_configuration=_log_configuration(choice, around.log),
        tags=scope.named(choice.name),
        opts=pulumi.ResourceOptions.merge(scope.opts_with([*around.rules, *around.network.ready]), fixed),
    )


def _link(
    scope: SiteScope,
    name: str,
    system: aws.fsx.LustreFileSystem,
    bucket: pulumi.Output[str],
    path: str,
) -> None:
    aws.fsx.DataRepositoryAssociation(
        f"{scope.site}-{name}",
        file_system_id=system.id,
        file_system_path=path,
        data_repository_path=bucket.apply(lambda known: f"s3://{known}"),
        batch_import_meta_data_on_create=True,
        delete_data_in_filesystem=False,
        s3=aws.fsx.DataRepositoryAssociationS3Args(
            auto_import_policy=aws.fsx.DataRepositoryAssociationS3AutoImportPolicyArgs(
                events=["NEW", "CHANGED", "DELETED"]
            ),
            # Without DELETED: making room on Lustre must not delete the only other copy.
            auto_export_policy=aws.fsx.DataRepositoryAssociationS3AutoExportPolicyArgs(
                events=["NEW", "CHANGED"]
            ),
        ),
        tags=scope.tags,
        opts=pulumi.ResourceOptions.merge(
            scope.opts,
            # Import of what is already in the bucket may go on for long.
            pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="2h", delete="1h")),
        ),
    )


def _log(scope: SiteScope, key: aws.kms.Key) -> aws.cloudwatch.LogGroup:
    return aws.cloudwatch.LogGroup(
        f"{scope.site}-lustre",
        name=log_group_name(scope.plan),
        retention_in_days=_LOG_RETENTION_DAYS,
        kms_key_id=key.arn,
        tags=scope.tags,
        opts=scope.opts,
    )


def _log_configuration(
    choice: FileSystemChoice, log: aws.cloudwatch.LogGroup | None
) -> aws.fsx.LustreFileSystemLogConfigurationArgs | None:
    """Files that could not be written back are said here and nowhere else."""
    if choice.bucket is None or log is None:
        return None
    return aws.fsx.LustreFileSystemLogConfigurationArgs(level="WARN_ERROR", destination=log.arn)


def _security_group(
    scope: SiteScope, network: SiteNetwork
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    """Lustre's ports between servers and nodes, both ways, since servers also call back."""
    group = aws.ec2.SecurityGroup(
        f"{scope.site}-lustre",
        description="Lustre servers",
        vpc_id=network.vpc.id,
        tags=scope.named("lustre"),
        opts=scope.opts,
    )
    nodes = network.node_group
    rules: list[pulumi.Resource] = []
    for first, last in load_storage_facts().lustre.ports:
        rules += [
            _rule(scope, aws.vpc.SecurityGroupIngressRule, "lustre-from-itself", group, group, first, last),
            _rule(scope, aws.vpc.SecurityGroupIngressRule, "lustre-from-nodes", group, nodes, first, last),
            _rule(scope, aws.vpc.SecurityGroupIngressRule, "nodes-from-lustre", nodes, group, first, last),
            _rule(scope, aws.vpc.SecurityGroupEgressRule, "lustre-to-itself", group, group, first, last),
            _rule(scope, aws.vpc.SecurityGroupEgressRule, "lustre-to-nodes", group, nodes, first, last),
        ]
    return group, rules


def _rule(
    scope: SiteScope,
    direction: type[aws.vpc.SecurityGroupIngressRule] | type[aws.vpc.SecurityGroupEgressRule],
    thing: str,
    group: aws.ec2.SecurityGroup,
    other: aws.ec2.SecurityGroup,
    first: int,
    last: int,
) -> pulumi.Resource:
    return direction(
        f"{scope.site}-{thing}-{first}",
        security_group_id=group.id,
        referenced_security_group_id=other.id,
        ip_protocol="tcp",
        from_port=first,
        to_port=last,
        description="Lustre",
        tags=scope.tags,
        opts=scope.opts,
    )
