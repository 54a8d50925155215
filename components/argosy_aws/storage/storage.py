"""All storage of a site, declared in one go: its key, buckets, readers and file systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pulumi
import pulumi_aws as aws

from argosy_aws.identity import declare_key
from argosy_aws.links import joined_links
from argosy_aws.network.vpc import SiteNetwork
from argosy_aws.scope import SiteScope
from argosy_aws.storage.bucket_roles import declare_readers
from argosy_aws.storage.buckets import KEY_LINK, bucket_link, declare_buckets
from argosy_aws.storage.choice import choose_buckets, choose_file_systems, key_alias
from argosy_aws.storage.lustre import declare_lustre
from argosy_aws.storage.policies import storage_key_policy


def declare_storage(
    scope: SiteScope, network: SiteNetwork, trust_anchors: Mapping[str, pulumi.Output[str]]
) -> Mapping[str, pulumi.Output[str]]:
    """Declare the storage that the fleet file asks for, and nothing where it asks for none.

    `trust_anchors` maps a hall that reads to the ARN of its trust anchor. Gives links for peers and jobs:

    | link | value |
    |---|---|
    | `storage-key` | ARN of the key for all of it |
    | `bucket-NAME` | the bucket's name in AWS |
    | `reader-SITE.BUCKET` | ARN of the role by which a site of another provider reads the bucket |
    | `profile-HALL` | ARN of the Roles Anywhere profile with which a hall takes on its roles |
    | `lustre-NAME-id`, `-dns`, `-mount` | what a volume of the FSx driver needs |

    Copies to peers come later, from `argosy_aws.storage.bucket_roles.declare_replication`.
    """
    buckets, systems = choose_buckets(scope.plan), choose_file_systems(scope.plan)
    if not buckets and not systems:
        return {}
    key = _key(scope)
    names = declare_buckets(scope, key)
    return joined_links(
        {KEY_LINK: key.arn},
        names,
        declare_readers(scope, key, trust_anchors),
        declare_lustre(
            scope, network, key, {choice.bucket: names[bucket_link(choice.bucket)] for choice in buckets}
        ),
    )


def _key(scope: SiteScope) -> aws.kms.Key:
    # Whoever deletes the key deletes every checkpoint, so it is kept like one.
    kept = pulumi.ResourceOptions.merge(scope.opts, pulumi.ResourceOptions(protect=True))
    policy = storage_key_policy(scope.plan, scope.account, scope.region)
    key = declare_key(replace(scope, opts=kept), "storage", policy)
    aws.kms.Alias(
        f"{scope.site}-storage",
        # Predictable: sites that copy here name the key by it.
        name=key_alias(scope.plan.fleet, scope.site),
        target_key_id=key.arn,
        opts=kept,
    )
    return key
