"""`argosy metal recover` and `status` where computers share a hall's claims: in the Leases of a cluster."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from argosy.resolve import load_fleet
from argosy_metal.claims import Claim, ClaimsUnavailableError, RunIdentity, StaleRunError
from argosy_metal.claims.kubernetes import KubernetesClaimStore
from argosy_metal.commands.live_runs import LiveRunError
from argosy_metal.commands.owners import claims_of

from ...kubernetes_api import ApiServer
from .test_metal_recover import Project

CLAIM = Claim("hall", "H0001", "s", "lab/metal", "urn", 0, {})


@pytest.fixture
def api(tmp_path: Path) -> Generator[ApiServer]:
    (tmp_path / "cluster").mkdir()
    server = ApiServer(tmp_path / "cluster")
    yield server
    server.stop()


@pytest.fixture
def project(tmp_path: Path, api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    fleet = tmp_path / "stacks" / "fleets" / "metal.yaml"
    claims = "claims: {backend: kubernetes, kubeconfig: cluster/kubeconfig, namespace: argosy}"
    before = "claims: {backend: sqlite, path: claims.sqlite}"
    assert before in fleet.read_text()
    fleet.write_text(fleet.read_text().replace(before, claims))
    monkeypatch.setenv("PATH", str(made.bin), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    return made


def run_on(api: ApiServer, host: str, key: str = "boot:1:1") -> KubernetesClaimStore:
    return KubernetesClaimStore(api.kubeconfig, None, "argosy", RunIdentity(key, host=host))


def test_beside_a_run_that_is_at_work_elsewhere_nothing_is_done(project: Project, api: ApiServer) -> None:
    store = run_on(api, "runner-7")
    claim = store.claim(CLAIM)

    with pytest.raises(LiveRunError, match=r"a run of lab/metal is at work on runner-7; .* ends in 60 s"):
        project.recover()

    assert [] == project.calls()
    store.change(claim, attempts=1)
    store.close()


def test_a_run_elsewhere_whose_lease_has_run_out_is_fenced_off_and_recovered(
    project: Project, api: ApiServer
) -> None:
    store = run_on(api, "runner-7")
    claim = store.claim(CLAIM)
    api.clock += 61

    assert ["refresh", "up"] == project.recover()

    with pytest.raises(StaleRunError):
        store.change(claim, attempts=1)
    store.close()


def test_a_run_of_this_computer_that_is_known_to_be_over_is_not_waited_for(
    project: Project, api: ApiServer
) -> None:
    store = run_on(api, socket.gethostname(), f"boot:{2**22 + 1}:1")
    store.claim(CLAIM)

    assert ["refresh", "up"] == project.recover()
    store.close()


def test_another_stack_s_run_elsewhere_is_no_reason_to_wait(project: Project, api: ApiServer) -> None:
    store = run_on(api, "runner-7")
    store.claim(Claim("hall", "H0002", "s", "elsewhere/metal", "urn", 0, {}))

    assert ["refresh", "up"] == project.recover()
    store.close()


def test_the_commands_see_a_shared_store_s_claims(project: Project, api: ApiServer) -> None:
    store = run_on(api, "runner-7")
    claim = store.claim(CLAIM)
    store.claim(Claim("annex", "H0001", "s", "lab/metal", "urn", 0, {}))
    fleet, _ = load_fleet("metal")

    assert (claim,) == claims_of(fleet)
    store.close()


def test_a_shared_store_that_cannot_be_reached_ends_the_commands(project: Project, api: ApiServer) -> None:
    api.answers += [(503, "")] * 3

    with pytest.raises(ClaimsUnavailableError, match="HTTP 503"):
        project.recover()

    assert not (project.bin / "calls").exists()
