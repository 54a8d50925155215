"""From the fleet file to a claims store: what the provider takes, what is opened, and what is said of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from argosy.spec.claims import ClaimsSpec
from argosy_component.site_plan import claims_plan
from argosy_metal.claims import (
    Claim,
    ClaimsUnavailableError,
    RunIdentity,
    SqliteClaimStore,
    open_claims,
)
from argosy_metal.claims.heartbeat import Heartbeat
from argosy_metal.claims.ironic import IronicClaimStore
from argosy_metal.claims.kubernetes import KubernetesClaimStore
from argosy_metal.claims.postgresql import PostgresqlClaimStore
from argosy_metal.claims.run import has_ended
from argosy_metal.provider.claims_config import CLAIMS_SCHEMA, check_claims
from argosy_metal.provider.config import check_config
from argosy_metal.provider.failures import status_of
from argosy_metal.provider.values import UNKNOWN

FILE = {"backend": "sqlite", "path": "claims.sqlite"}
POSTGRESQL = {
    "backend": "postgresql",
    "host": "db.oslo.example",
    "database": "claims",
    "user": "argosy",
    "password": "env:CLAIMS_PASSWORD",
    "ca_certificate": "ca.pem",
}
KUBERNETES = {"backend": "kubernetes", "kubeconfig": "kubeconfig", "namespace": "argosy"}
IRONIC = {
    "backend": "ironic",
    "url": "https://ironic.oslo.example:6385",
    "username": "env:IRONIC_USERNAME",
    "password": "file:ironic-password",
    "journal": POSTGRESQL,
}


def plan(claims: Mapping[str, Any]) -> dict[str, Any]:
    spec: ClaimsSpec = TypeAdapter[ClaimsSpec](ClaimsSpec).validate_python(claims)
    return claims_plan(spec)


def no_secret(reference: str) -> str:
    raise AssertionError(f"{reference} was read before it was needed")


def test_a_plan_has_the_provider_s_names_and_references_alone() -> None:
    assert FILE == plan({"path": "claims.sqlite"})
    assert {
        "backend": "ironic",
        "url": "https://ironic.oslo.example:6385",
        "usernameRef": "env:IRONIC_USERNAME",
        "passwordRef": "file:ironic-password",
        "journal": {
            "backend": "postgresql",
            "host": "db.oslo.example",
            "port": 5432,
            "database": "claims",
            "user": "argosy",
            "passwordRef": "env:CLAIMS_PASSWORD",
            "sslmode": "verify-full",
            "caCertificate": "ca.pem",
        },
    } == plan(IRONIC)


@pytest.mark.parametrize(
    ("claims", "kind", "place"),
    [
        (FILE, SqliteClaimStore, "ROOT/claims.sqlite"),
        (POSTGRESQL, PostgresqlClaimStore, "postgresql db.oslo.example:5432/claims"),
        (KUBERNETES, KubernetesClaimStore, "kubernetes namespace argosy by ROOT/kubeconfig"),
        (
            IRONIC,
            IronicClaimStore,
            "ironic https://ironic.oslo.example:6385 with postgresql db.oslo.example:5432/claims",
        ),
    ],
)
def test_every_backend_is_accepted_and_opened_without_a_look_or_a_secret(
    tmp_path: Path, claims: Mapping[str, Any], kind: type, place: str
) -> None:
    settings = plan(claims)
    assert [] == check_claims(settings)

    store = open_claims(settings, tmp_path, RunIdentity("run"), no_secret)

    assert isinstance(store, kind)
    assert place.replace("ROOT", str(tmp_path)) == store.place
    assert [] == list(tmp_path.iterdir())
    store.close()


@pytest.mark.parametrize("settings", [{"backend": "etcd"}, {**plan(IRONIC), "journal": {"backend": "etcd"}}])
def test_a_backend_that_there_is_not_is_named_with_those_that_there_are(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    told = "given 'etcd'; expected sqlite, postgresql, kubernetes or ironic"

    with pytest.raises(ClaimsUnavailableError, match=told):
        open_claims(settings, tmp_path, RunIdentity("run"), no_secret)


def test_a_password_is_looked_for_when_it_is_needed_and_its_reference_is_named(tmp_path: Path) -> None:
    def missing(reference: str) -> str:
        raise ClaimsUnavailableError(f"{reference}: not set")

    store = open_claims(plan(POSTGRESQL), tmp_path, RunIdentity("run"), missing)

    with pytest.raises(ClaimsUnavailableError, match="env:CLAIMS_PASSWORD: not set"):
        store.find("hall", "SN1")


@pytest.mark.parametrize(
    ("claims", "failure"),
    [
        ("claims.sqlite", ("claims", "given str; expected an object")),
        ({}, ("claims.backend", "given None; expected sqlite, postgresql, kubernetes, ironic")),
        (
            {"backend": "etcd"},
            ("claims.backend", "given 'etcd'; expected sqlite, postgresql, kubernetes, ironic"),
        ),
        ({"backend": "sqlite"}, ("claims.path", "it is required")),
        ({**FILE, "host": "h"}, ("claims.host", "there is no such property")),
        ({**plan(POSTGRESQL), "port": 0}, ("claims.port", "given 0; expected a port from 1 to 65535")),
        (
            {**plan(IRONIC), "journal": plan(IRONIC)},
            ("claims.journal.backend", "given 'ironic'; expected sqlite, postgresql, kubernetes"),
        ),
        ({**plan(IRONIC), "journal": {"backend": "sqlite"}}, ("claims.journal.path", "it is required")),
    ],
)
def test_claims_that_name_no_store_are_refused_by_property(claims: Any, failure: tuple[str, str]) -> None:
    assert [failure] == check_claims(claims)
    config = {"claims": claims, "phoneHome": "https://p.test", "caCertificate": "ca.pem"}
    assert failure in check_config(config)


def test_a_password_in_the_place_of_its_reference_is_refused_and_not_repeated() -> None:
    (failure,) = check_claims({**plan(POSTGRESQL), "passwordRef": "hunter2"})

    assert "claims.passwordRef" == failure[0]
    assert "hunter2" not in failure[1]


def test_claims_that_are_not_known_yet_pass() -> None:
    assert [] == check_claims(UNKNOWN)
    assert [] == check_claims({**FILE, "path": UNKNOWN})


def test_the_schema_knows_every_property_of_every_backend() -> None:
    settings = [plan(claims) for claims in (FILE, POSTGRESQL, KUBERNETES, IRONIC)]

    assert {name for each in settings for name in each} <= set(CLAIMS_SCHEMA["properties"])


def test_a_record_that_lacks_a_value_is_told_with_server_and_remedy() -> None:
    claim = Claim("hall", "SN1", "train/slot-01", "lab/prod", "urn:…::a", 1, {"rack": "r1"})

    assert "r1" == claim.recorded("rack")
    with pytest.raises(ClaimsUnavailableError) as damaged:
        claim.recorded("bmc")

    code, message = status_of(damaged.value)
    assert "UNAVAILABLE" == code.name
    assert (
        "server hall/SN1 (slot train/slot-01, urn:…::a) is damaged: its record has no bmc; restore" in message
    )


def test_a_run_is_known_to_be_over_on_its_own_computer_alone() -> None:
    own = RunIdentity.of_parent()
    boot, _, rest = own.key.partition(":")
    pid = rest.partition(":")[0]

    assert not has_ended(own.key, own.host)
    assert has_ended(f"{boot}:{2**22 + 1}:1", own.host), "no such process"
    assert has_ended(f"{boot}:{pid}:1", own.host), "another process has its number by now"
    assert has_ended(f"before-the-reboot:{pid}:1", own.host)
    assert not has_ended(f"{boot}:{2**22 + 1}:1", "runner-7")
    assert not has_ended("by hand", own.host)
    assert own.host == os.uname().nodename


def test_a_heart_beats_until_it_is_stopped_and_over_a_store_that_fails() -> None:
    before = threading.active_count()
    beats: list[int] = []
    enough = threading.Event()

    def beat() -> None:
        beats.append(len(beats))
        if len(beats) == 3:
            enough.set()
        raise ClaimsUnavailableError("gone for a while")

    heart = Heartbeat(beat, every_seconds=0.001)
    heart.start()
    heart.start()
    assert enough.wait(10)
    heart.stop()
    heart.stop()
    count = len(beats)

    assert count >= 3
    assert before == threading.active_count()


def test_a_stopped_heart_can_begin_again() -> None:
    beaten = threading.Event()
    heart = Heartbeat(beaten.set, every_seconds=0.001)
    heart.start()
    heart.stop()
    beaten.clear()

    heart.start()

    assert beaten.wait(10)
    heart.stop()


def test_a_file_whose_runs_are_forgotten_refuses_the_run_that_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "claims.sqlite"
    store = SqliteClaimStore(path, RunIdentity("run"))
    seen = store.claim(Claim("hall", "SN1", "s", "lab/prod", "urn", 0, {}))
    store.close()
    path.unlink()

    with pytest.raises(ClaimsUnavailableError, match="put back from a backup"):
        store.assert_may_write("lab/prod")
    with pytest.raises(ClaimsUnavailableError, match="put back from a backup"):
        store.change(replace(seen), attempts=1)
    store.close()
