"""Policy documents of a site's storage that grow with what the fleet file says, beyond what AWS takes.

Measured on the documents themselves, which follow from the plan alone. Imports no SDK.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec
from argosy_aws.policies import size_for_iam
from argosy_aws.storage.choice import choose_buckets
from argosy_aws.storage.facts import load_storage_facts
from argosy_aws.storage.policies import (
    bucket_policy,
    bucket_policy_for_pods,
    replication_policy,
    storage_key_policy,
)
from argosy_component.contract import SitePlan
from argosy_component.site_plan import site_plan_without_pools

_KEY_ID = "00000000-0000-0000-0000-000000000000"
"""As long as the id of every key of one region."""


@dataclass(frozen=True)
class SizedDocument:
    """A policy document, by how long it is and may be."""

    field: str
    """What makes it grow, below the site's settings."""
    whose: str
    size: int
    limit: int
    """Both in characters."""


def refuse_long_policies(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    """Buckets of an AWS site, in itself sound, for which AWS would not take a policy."""
    plan = _storage_plan(site, fleet)
    for document in oversized(plan) if plan else ():
        yield fleet.fault(
            f"sites.{site}.settings.{document.field}",
            given=f"so much that the policy of {document.whose} has {document.size:,} characters",
            expected=f"at most {document.limit:,}, which is all that AWS takes",
            fix="write fewer: prefixes of one bucket do for many, and another site has policies of its own",
        )


def oversized(plan: SitePlan) -> Iterator[SizedDocument]:
    """Documents of the site that are too long.

    Raises ValueError for a plan that lacks region, account, or a site that buckets are copied to or from.
    """
    return (found for found in _documents(plan) if found.size > found.limit)


def _documents(plan: SitePlan) -> Iterator[SizedDocument]:
    pods, most = bucket_policy_for_pods(plan), load_storage_facts().policy_sizes
    if pods is None or plan.account is None or plan.region is None:
        return
    yield SizedDocument("buckets", "the role by which pods use buckets", size_for_iam(pods), most.role)
    # Nobody says whether S3 and KMS count white space, so here it counts.
    whole = storage_key_policy(plan, plan.account, plan.region)
    yield SizedDocument("buckets", "the key of all buckets", len(whole), most.key)
    key = f"arn:aws:kms:{plan.region}:{plan.account}:key/{_KEY_ID}"
    for choice in choose_buckets(plan):
        at = f"buckets.{choice.bucket}"
        copies = size_for_iam(replication_policy(choice, key, plan.region))
        yield SizedDocument(f"{at}.replicate_to", "the role by which S3 copies it", copies, most.role)
        yield SizedDocument(f"{at}.replicas_from", "the bucket", len(bucket_policy(choice, key)), most.bucket)


def _storage_plan(site: str, fleet: LoadedFleet) -> SitePlan | None:
    """The site's plan, as far as buckets need it; None while a site on AWS has no account."""
    on_aws = [
        spec
        for spec in fleet.spec.sites.values()
        if isinstance(spec, CloudSiteSpec) and spec.provider == "aws"
    ]
    return None if any(spec.account is None for spec in on_aws) else site_plan_without_pools(fleet, site)
