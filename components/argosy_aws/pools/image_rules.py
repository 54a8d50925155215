"""What the nodes of a pool boot, and what that cannot drive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec
from argosy_aws.facts import load_facts
from argosy_aws.settings import AwsPoolSettings, AwsSiteSettings
from argosy_component.cloud_pools import CloudPool

_LATEST = "aws ssm get-parameter --name /aws/service/eks/optimized-ami/{}/amazon-linux-2023/x86_64/nvidia"


def site_release(
    fleet: LoadedFleet, site: str, spec: CloudSiteSpec, pools: Sequence[CloudPool]
) -> Iterator[Fault]:
    """A site without the release that its pools run, or with one of another Kubernetes.

    A release that nobody wrote down would be another one on every day.
    """
    release = fleet.site_settings(site, AwsSiteSettings).image_release
    at = f"sites.{site}.settings.image_release"
    if release is not None:
        if not _is_of(release, spec):
            yield _another_kubernetes(fleet, at, release, spec)
    elif any(_needs_the_sites(pool) for pool in pools):
        latest = _LATEST.format(spec.kubernetes_version)
        yield fleet.fault(
            at,
            given="no release of EKS's node images",
            expected=f"the one that every pool runs until this line changes, for Kubernetes"
            f" {spec.kubernetes_version}",
            fix=f"write settings: {{image_release: …}} with what"
            f" `{latest}/recommended/release_version` shows",
        )


def pool_release(pool: CloudPool) -> Iterator[Fault]:
    """A pool's own release beside an image of its own, or of another Kubernetes."""
    settings = pool.settings(AwsPoolSettings)
    release = settings.image_release
    if release is None:
        return
    if settings.image is not None:
        yield pool.fault(
            "settings.image_release",
            given="`image_release` and `image`",
            expected="one of them: an image of one's own is no release of EKS's",
            fix="delete one of them",
        )
    elif not _is_of(release, pool.site):
        yield _another_kubernetes(pool.fleet, f"{pool.path}.settings.image_release", release, pool.site)


def stock_image(pool: CloudPool) -> Iterator[Fault]:
    """A type that none of EKS's images drives, without an image of one's own."""
    if (
        pool.type is not None
        and pool.type.name in load_facts().own_image
        and pool.settings(AwsPoolSettings).image is None
    ):
        yield pool.fault(
            "instance_type",
            given=f"{pool.type.name} with EKS's own image",
            expected="an image of your own: g7 needs driver 595, EKS's carry 580",
            fix="write settings: {image: ami-…}, or take g7e or g6e instead",
        )


def rack_scale(pool: CloudPool) -> Iterator[Fault]:
    """Rack-scale NVLink under a Kubernetes, or with images, that know nothing of it; or cut up by MIG."""
    system = load_facts().rack_scale.get(pool.type.accelerator) if pool.type else None
    if pool.type is None or system is None:
        return
    if _minor(pool.site.kubernetes_version) < _minor(system.kubernetes):
        yield pool.fault(
            "instance_type",
            given=f"{pool.type.name} under Kubernetes {pool.site.kubernetes_version}",
            expected=f"Kubernetes {system.kubernetes} or later, where rack-scale NVLink can be claimed",
            fix='write kubernetes_version: "1.34" for the site',
        )
    release = _release_of(pool)
    if release is not None and _day(release) < system.images_since:
        own = pool.settings(AwsPoolSettings).image_release is not None
        yield pool.fault(
            "settings.image_release" if own else "instance_type",
            given=f"{pool.type.name} with images of release {release}",
            expected=f"a release from {system.images_since} on, which carries its drivers",
            fix="take a later release, for this pool or for the site",
        )


def unfit_mig(pool: CloudPool) -> Iterator[Fault]:
    """MIG for accelerators that cannot be cut up."""
    settings, facts = pool.settings(AwsPoolSettings), load_facts()
    if settings.mig is not None and pool.type is not None and pool.type.accelerator not in facts.mig:
        yield pool.fault(
            "settings.mig",
            given=f"MIG for {pool.type.name}, whose accelerator is {pool.type.accelerator}",
            expected=f"one that EC2 lets be cut up: {', '.join(sorted(facts.mig))}",
            fix="delete it, or take another instance type",
        )


def _needs_the_sites(pool: CloudPool) -> bool:
    settings = pool.settings(AwsPoolSettings)
    return settings.image is None and settings.image_release is None


def _release_of(pool: CloudPool) -> str | None:
    settings = pool.settings(AwsPoolSettings)
    if settings.image is not None:
        return None
    of_site = pool.fleet.site_settings(pool.site_name, AwsSiteSettings).image_release
    return settings.image_release or of_site


def _is_of(release: str, site: CloudSiteSpec) -> bool:
    return release.startswith(f"{site.kubernetes_version}.")


def _another_kubernetes(fleet: LoadedFleet, at: str, release: str, site: CloudSiteSpec) -> Fault:
    wanted, has = site.kubernetes_version, ".".join(release.split(".")[:2])
    return fleet.fault(
        at,
        given=f"{release} under Kubernetes {wanted}",
        expected=f"a release for Kubernetes {wanted}",
        fix=f'take one that begins with {wanted}, or write kubernetes_version: "{has}" for the site',
    )


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _day(release: str) -> int:
    return int(release.rpartition("-")[2])
