"""What a stack exports, so that other stacks read a site by StackReference as if it were their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pulumi

from argosy_component.contract import PoolHandle, Site


def export_sites(sites: Sequence[Site]) -> None:
    """Export `sites`: site to provider, pools (what a job needs to run there), links, secret kubeconfig."""
    pulumi.export("sites", {site.name: _site_output(site) for site in sites})


def _site_output(site: Site) -> dict[str, Any]:
    return {
        "provider": site.provider,
        "pools": {name: _pool_output(pool) for name, pool in sorted(site.pools.items())},
        "links": dict(sorted(site.links.items())),
        "kubeconfig": None if site.kubeconfig is None else pulumi.Output.secret(site.kubeconfig),
    }


def _pool_output(pool: PoolHandle) -> dict[str, Any]:
    return {key: value for key, value in asdict(pool).items() if value is not None}
