"""Who copies and reads the buckets of a site: S3 itself for other AWS sites, and roles for other providers.

| left out | why |
|---|---|
| copies of what was there before | S3 copies new objects alone; run S3 Batch Replication once |
| guaranteed copy time (RTC) | its price for each GB; the lag is in CloudWatch as `ReplicationLatency` |
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from argosy_aws.scope import SiteScope
from argosy_aws.storage.buckets import KEY_LINK, bucket_link
from argosy_aws.storage.choice import (
    BucketChoice,
    ReaderChoice,
    ReplicaChoice,
    bucket_arn,
    choose_buckets,
)
from argosy_aws.storage.policies import (
    google_trust,
    hall_trust,
    reader_policy,
    replication_policy,
    replication_trust,
)


def reader_link(reader: str, bucket: str) -> str:
    """The link that holds the ARN of the role by which another site reads a bucket.

    With a dot, so that `a` and `b-c` are not `a-b` and `c`.
    """
    return f"reader-{reader}.{bucket}"


def declare_readers(
    scope: SiteScope, key: aws.kms.Key, trust_anchors: Mapping[str, pulumi.Output[str]]
) -> Mapping[str, pulumi.Output[str]]:
    """Declare a role for each reader of each bucket, and a Roles Anywhere profile for each hall that reads.

    `trust_anchors` maps a hall to the ARN of the trust anchor that its certificates come from. Gives links
    `reader-SITE.BUCKET`, the role to take on, and `profile-HALL`. Raises ValueError for a hall without one.
    """
    links: dict[str, pulumi.Output[str]] = {}
    by_hall: dict[str, list[pulumi.Output[str]]] = {}
    for choice in choose_buckets(scope.plan):
        for reader in choice.readers:
            role = _reader_role(scope, choice, reader, key, trust_anchors)
            links[reader_link(reader.site, choice.bucket)] = role.arn
            if reader.google_subject is None:
                by_hall.setdefault(reader.site, []).append(role.arn)
    for hall, roles in sorted(by_hall.items()):
        profile = aws.rolesanywhere.Profile(
            # A hall may be called read-x, and has a profile of its own: no name holds a dot, or a low line.
            f"{scope.site}-read.{hall}",
            name=f"{scope.cluster_name}_read_{hall}",
            enabled=True,
            duration_seconds=3600,
            role_arns=roles,
            tags=scope.tags,
            opts=scope.opts,
        )
        links[f"profile-{hall}"] = profile.arn
    return links


def declare_replication(
    scope: SiteScope,
    links: Mapping[str, pulumi.Output[str]],
    peers: Mapping[str, Mapping[str, pulumi.Output[str]]],
) -> None:
    """Declare the copying of this site's buckets to peers, once every bucket is there.

    `links` are this site's, `peers` those of the peers that this run declares, by site; a peer of another
    stack may be missing, since its bucket's name follows from the plan. S3 refuses to copy to a bucket that
    is not there or keeps no versions: of two stacks that copy to each other, bring up both without
    `replicate_to` first, or let the first run fail and repeat it.

    Copies both ways do not chase each other: S3 never copies what is a copy. Neither deletions nor expiry are
    copied, so that a mistake here leaves the copy alone; the peer's own `expire_days` rules there.
    """
    for choice in choose_buckets(scope.plan):
        if choice.replicas:
            _replication(scope, choice, links, peers)


def _reader_role(
    scope: SiteScope,
    choice: BucketChoice,
    reader: ReaderChoice,
    key: aws.kms.Key,
    trust_anchors: Mapping[str, pulumi.Output[str]],
) -> aws.iam.Role:
    trust: pulumi.Input[str]
    if reader.google_subject is not None:
        trust = google_trust(reader.google_subject, reader.google_audience)
    elif reader.site in trust_anchors:
        trust = trust_anchors[reader.site].apply(hall_trust)
    else:
        # `argosy_aws.storage.refusals` says so with the line in the fleet file.
        raise ValueError(f"{reader.site} reads {choice.bucket} but has no trust anchor at {scope.site}")
    role, _ = _role(
        scope,
        f"read.{choice.bucket}.{reader.site}",
        reader.role_name,
        trust,
        key.arn.apply(lambda arn: reader_policy(choice, arn, scope.region)),
    )
    return role


def _role(
    scope: SiteScope,
    thing: str,
    name: str,
    trust: pulumi.Input[str],
    rights: pulumi.Input[str],
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """A role with a name that others know beforehand: peers in other accounts, readers in other stacks.

    The parts of `thing` are joined by dots, which no name holds, so that no two roles are called alike.
    """
    role = aws.iam.Role(
        f"{scope.site}-{thing}", name=name, assume_role_policy=trust, tags=scope.tags, opts=scope.opts
    )
    # Named here, since a name made of three long ones is more than IAM takes; it is the role's only one.
    policy = aws.iam.RolePolicy(
        f"{scope.site}-{thing}", name="rights", role=role.name, policy=rights, opts=scope.opts
    )
    return role, policy


def _replication(
    scope: SiteScope,
    choice: BucketChoice,
    links: Mapping[str, pulumi.Output[str]],
    peers: Mapping[str, Mapping[str, pulumi.Output[str]]],
) -> None:
    thing = f"replicate.{choice.bucket}"
    role, policy = _role(
        scope,
        thing,
        choice.replication_role,
        replication_trust(),
        links[KEY_LINK].apply(lambda arn: replication_policy(choice, arn, scope.region)),
    )
    aws.s3.BucketReplicationConfig(
        f"{scope.site}-{thing}",
        bucket=links[bucket_link(choice.bucket)],
        role=role.arn,
        rules=[
            _replication_rule(number, replica, peers.get(replica.site, {}).get(bucket_link(choice.bucket)))
            for number, replica in enumerate(choice.replicas, start=1)
        ],
        opts=scope.opts_with([policy]),
    )


def _replication_rule(
    priority: int, replica: ReplicaChoice, bucket: pulumi.Output[str] | None
) -> aws.s3.BucketReplicationConfigRuleArgs:
    destination = aws.s3.BucketReplicationConfigRuleDestinationArgs(
        # The same name either way; a peer of this run is waited for.
        bucket=bucket_arn(replica.bucket_name) if bucket is None else bucket.apply(bucket_arn),
        encryption_configuration=aws.s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
            replica_kms_key_id=replica.key_alias_arn
        ),
        metrics=aws.s3.BucketReplicationConfigRuleDestinationMetricsArgs(status="Enabled"),
    )
    if replica.other_account:
        destination.account = replica.account
        destination.access_control_translation = (
            aws.s3.BucketReplicationConfigRuleDestinationAccessControlTranslationArgs(owner="Destination")
        )
    encrypted = aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
        status="Enabled"
    )
    return aws.s3.BucketReplicationConfigRuleArgs(
        id=f"to-{replica.site}",
        priority=priority,
        status="Enabled",
        filter=aws.s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
        source_selection_criteria=aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
            sse_kms_encrypted_objects=encrypted
        ),
        delete_marker_replication=aws.s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
            status="Disabled"
        ),
        destination=destination,
    )
