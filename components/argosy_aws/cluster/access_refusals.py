"""What is wrong with who may enter a site's cluster, said when the fleet file is checked."""

from __future__ import annotations

from collections.abc import Iterator

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec
from argosy_aws.cluster.access_choice import role_name
from argosy_aws.settings import ACCOUNT, AwsSiteSettings

_SERVICE_LINKED = ":role/aws-service-role/"


def refuse_access(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    """All faults of an AWS site's administrators and viewers."""
    settings = fleet.site_settings(site, AwsSiteSettings)
    roles = [
        (f"sites.{site}.settings.{field}[{index}]", role)
        for field, listed in (("administrators", settings.administrators), ("viewers", settings.viewers))
        for index, role in enumerate(listed)
    ]
    yield from _nobody(fleet, site, settings)
    for path, role in roles:
        yield from _of_another_account(fleet, site, path, role)
        yield from _service_linked(fleet, path, role)
    yield from _twice(fleet, roles)


def _nobody(fleet: LoadedFleet, site: str, settings: AwsSiteSettings) -> Iterator[Fault]:
    if not settings.administrators:
        yield fleet.fault(
            f"sites.{site}.settings.administrators",
            given="no administrators",
            expected="at least one IAM role, since not even who makes the cluster gets into it",
            fix="write your own: settings: {administrators: [arn:aws:iam::111122223333:role/platform]}",
        )


def _of_another_account(fleet: LoadedFleet, site: str, path: str, role: str) -> Iterator[Fault]:
    spec = fleet.spec.sites[site]
    account = spec.account if isinstance(spec, CloudSiteSpec) else None
    # An account that is no account has a fault of its own.
    if account is None or not ACCOUNT.fullmatch(account) or role.startswith(f"arn:aws:iam::{account}:role/"):
        return
    # EKS itself takes roles of other accounts. One wrong digit would let a stranger in.
    yield fleet.fault(
        path,
        given=role,
        expected=f"a role of the site's own account: arn:aws:iam::{account}:role/…",
        fix=f"make a role in {account} that whoever stands in the other account may take on, and name it",
    )


def _service_linked(fleet: LoadedFleet, path: str, role: str) -> Iterator[Fault]:
    # Source: EKS user guide, "Create access entries".
    if _SERVICE_LINKED in role:
        yield fleet.fault(
            path,
            given=role,
            expected="a role that people or pipelines take on; EKS lets no service-linked role in",
            fix="name another role; write its path too if it has one, e.g. role/teams/platform",
        )


def _twice(fleet: LoadedFleet, roles: list[tuple[str, str]]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for path, role in roles:
        # A role's name is its account's only one, whatever the path and the case of its letters.
        before = first.setdefault(role_name(role).lower(), path)
        if before != path:
            yield fleet.fault(
                path,
                given=f"{role_name(role)}, which stands at {before} already",
                expected="each role once, since EKS takes one access entry for each",
                fix="delete one of them; administrators see what viewers see",
            )
