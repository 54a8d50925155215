"""Where a site's resources go: its plan, its settings, its names and tags, and the parent of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from argosy_aws.settings import AwsSiteSettings, settings_of_site
from argosy_component.contract import SitePlan


@dataclass(frozen=True)
class SiteScope:
    """An AWS site while it is declared."""

    plan: SitePlan
    region: str
    account: str
    cidr: str
    kubernetes_version: str
    settings: AwsSiteSettings
    opts: pulumi.ResourceOptions
    """Parent and provider of every resource of the site."""

    @classmethod
    def of(cls, plan: SitePlan, opts: pulumi.ResourceOptions) -> SiteScope:
        """The scope of a plan; raises ValueError for a plan that lacks what every AWS site has."""
        return cls(
            plan=plan,
            region=_required(plan.region),
            account=_required(plan.account),
            cidr=_required(plan.cidr),
            kubernetes_version=_required(plan.kubernetes_version),
            settings=settings_of_site(plan),
            opts=opts,
        )

    @property
    def site(self) -> str:
        """The site's name, which begins the name of every resource."""
        return self.plan.name

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of every resource that takes some."""
        return self.plan.tags

    @property
    def cluster_name(self) -> str:
        """The cluster's own name: unique in the account, at most 81 of EKS's 100 characters."""
        return f"{self.plan.fleet}-{self.plan.name}"

    def named(self, thing: str) -> dict[str, str]:
        """The tags of one thing, with the name that consoles show."""
        return {**self.tags, "Name": f"{self.site}-{thing}"}

    def opts_with(self, depends_on: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        """The options of a resource that must wait for others."""
        return pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=depends_on))


def _required(value: str | None) -> str:
    if value is None:
        # `argosy_aws.refusals` says so with the line in the fleet file; this guards hand-made plans.
        raise ValueError("an AWS site needs region, account, cidr and kubernetes_version")
    return value
