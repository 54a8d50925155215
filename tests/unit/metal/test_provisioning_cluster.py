"""A hall's own cluster: begun once by the first server, joined by all others, with a token for each."""

import base64
import datetime as dt
import email
import hashlib
import json
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from argosy_metal.provisioning.authority import ClusterAuthority, new_bootstrap_token
from argosy_metal.provisioning.cluster import ApiServerMint, HallCluster, NotYetError, bootstrap_secret
from argosy_metal.provisioning.join import Join, RefusedJoinError, Role, parse_join, user_data_of

from .provisioning_hall import Mint

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
CONTROL_PLANE = ("CP1", "CP2", "CP3")
GIVEN = {
    "role": "control-plane",
    "node_name": "cp1",
    "endpoint": "k8s.oslo.test:6443",
    "kubernetes_version": "v1.34.4",
    "pod_cidr": "10.244.0.0/16",
    "service_cidr": "10.96.0.0/12",
    "control_plane": list(CONTROL_PLANE),
}
PKI = {
    f"/etc/kubernetes/pki/{name}"
    for name in (
        *("ca.crt", "ca.key", "etcd/ca.crt", "etcd/ca.key", "front-proxy-ca.crt", "front-proxy-ca.key"),
        *("sa.key", "sa.pub"),
    )
}


class World:
    def __init__(self, folder: Path) -> None:
        self.mint = Mint()
        self.folder = folder
        self.cluster = HallCluster(folder, self.mint)

    def part(self, serial: str) -> dict[str, Any]:
        """Cloud-init's part for a server, read back."""
        text = self.cluster.part_for(serial, f"install-of-{serial}", joins(serial))
        assert text.startswith("#cloud-config\n")
        return json.loads(text.partition("\n")[2])


def joins(serial: str) -> Join:
    role = Role.CONTROL_PLANE if serial in CONTROL_PLANE else Role.WORKER
    join = parse_join({**GIVEN, "role": role, "node_name": serial.lower()})
    assert join is not None
    return join


def files(part: dict[str, Any]) -> dict[str, str]:
    return {one["path"]: base64.b64decode(one["content"]).decode() for one in part["write_files"]}


def kubeadm(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in files(part)["/etc/kubernetes/argosy.yaml"].split("---\n")]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "cluster")


def test_the_first_server_begins_the_cluster_and_the_others_join_with_tokens_it_accepts(world: World):
    parts = {serial: world.part(serial) for serial in ("CP3", "CP1", "CP2")}

    assert ["kubeadm", "init", "--config", "/etc/kubernetes/argosy.yaml"] == parts["CP1"]["runcmd"][0]
    accepted = {one["token"] for one in kubeadm(parts["CP1"])[0]["bootstrapTokens"]}
    for serial in ("CP2", "CP3"):
        config = kubeadm(parts[serial])[0]
        assert ["kubeadm", "join", "--config", "/etc/kubernetes/argosy.yaml"] == parts[serial]["runcmd"][0]
        assert config["discovery"]["bootstrapToken"]["token"] in accepted
        assert {} == config["controlPlane"]
    assert 3 == len(accepted)


def test_all_servers_of_the_control_plane_get_the_same_authorities_and_a_worker_none(world: World):
    one, two = files(world.part("CP1")), files(world.part("CP2"))
    world.mint.answers = True
    worker = files(world.part("SN9"))

    assert set(one) == PKI | {"/etc/kubernetes/argosy.yaml"}
    assert {name: one[name] for name in PKI} == {name: two[name] for name in PKI}
    assert {"/etc/kubernetes/argosy.yaml"} == set(worker)


def test_the_pinned_hash_is_that_of_the_authority_that_is_handed_out(world: World):
    certificate = x509.load_pem_x509_certificate(
        files(world.part("CP1"))["/etc/kubernetes/pki/ca.crt"].encode()
    )
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    config = kubeadm(world.part("CP2"))[0]

    assert [f"sha256:{hashlib.sha256(public).hexdigest()}"] == config["discovery"]["bootstrapToken"][
        "caCertHashes"
    ]


def test_once_it_is_begun_the_first_server_joins_like_any_other(world: World):
    world.part("CP1")
    world.cluster.heard("CP1", joins("CP1"))
    world.mint.answers = True

    assert "join" == world.part("CP1")["runcmd"][0][1]


def test_a_cluster_that_was_begun_and_does_not_answer_is_never_begun_again(world: World):
    world.part("CP1")
    world.cluster.heard("CP1", joins("CP1"))

    for serial in ("CP1", "CP2", "SN9"):
        with pytest.raises(
            NotYetError, match=r"that CP1 has begun does not answer .* move .*cluster.json away"
        ):
            world.part(serial)


def test_only_the_first_servers_report_tells_that_the_cluster_is_begun(world: World):
    world.part("CP1")
    world.cluster.heard("CP2", joins("CP2"))
    world.cluster.heard("SN9", joins("SN9"))

    assert "init" == world.part("CP1")["runcmd"][0][1]


def test_a_worker_waits_until_a_cluster_answers(world: World):
    with pytest.raises(NotYetError, match="no cluster answers at k8s"):
        world.part("SN9")


def test_every_machine_that_joins_a_living_cluster_has_a_token_of_its_own(world: World):
    world.mint.answers = True
    tokens = [
        kubeadm(world.part(serial))[0]["discovery"]["bootstrapToken"]["token"] for serial in ("SN8", "SN9")
    ]

    assert tokens == world.mint.accepted
    assert 2 == len(set(tokens))


def test_the_tokens_of_the_first_servers_survive_a_restart_of_the_service(world: World):
    before = kubeadm(world.part("CP2"))
    world.cluster = HallCluster(world.folder, world.mint)

    assert before == kubeadm(world.part("CP2"))


def test_the_file_with_the_token_is_removed_after_its_use(world: World):
    assert ["shred", "--remove", "/etc/kubernetes/argosy.yaml"] == world.part("CP1")["runcmd"][-1]


def test_what_lies_in_the_folder_is_for_its_owner_alone(world: World):
    world.part("CP1")

    found = [path for path in world.folder.rglob("*") if path.is_file()]
    assert found
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in found}
    assert 0o700 == stat.S_IMODE((world.folder / "pki").stat().st_mode)


def test_a_half_made_authority_is_made_anew(tmp_path: Path):
    (tmp_path / "ca.crt").write_text("half of a certif")
    authority = ClusterAuthority(tmp_path)

    assert authority.certificates()["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    assert authority.certificates() == ClusterAuthority(tmp_path).certificates()


def test_the_service_is_an_administrator_of_its_cluster(tmp_path: Path):
    context = ClusterAuthority(tmp_path).admin_context(NOW)

    assert ssl.CERT_REQUIRED == context.verify_mode
    assert not list(tmp_path.glob("admin-*"))


def test_a_cluster_that_is_not_there_accepts_nothing(tmp_path: Path):
    mint = ApiServerMint(ClusterAuthority(tmp_path), lambda: NOW)

    assert not mint.accept("127.0.0.1:1", new_bootstrap_token(), "a trial")


def test_a_bootstrap_tokens_secret_expires_after_two_hours():
    secret = bootstrap_secret("abcdef.0123456789abcdef", "argosy install i1 of SN1", NOW)
    values = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}

    assert "bootstrap-token-abcdef" == secret["metadata"]["name"]
    assert "bootstrap.kubernetes.io/token" == secret["type"]
    assert ("abcdef", "0123456789abcdef", "2026-11-27T14:00:00Z") == (
        values["token-id"], values["token-secret"], values["expiration"],
    )  # fmt: skip


def test_user_data_and_the_clusters_part_come_apart_again():
    message = email.message_from_bytes(user_data_of(b"#!/bin/sh\necho own\n", "#cloud-config\n{}\n"))

    kinds = [part.get_content_type() for part in message.walk()][1:]
    assert ["text/x-shellscript", "text/cloud-config"] == kinds


def test_without_a_cluster_user_data_stays_as_it_is():
    assert b"as it is" == user_data_of(b"as it is", None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"endpoint": "https://k8s"}, "endpoint"),
        ({"kubernetes_version": "1.34"}, "kubernetes_version"),
        ({"control_plane": []}, "control_plane"),
        ({"control_plane": ["a b"]}, "control_plane"),
        ({"node_name": "SN1", "role": "none"}, "node_name, role"),
    ],
)
def test_a_join_of_the_wrong_shape_is_refused_with_all_that_is_wrong(change: dict[str, object], told: str):
    with pytest.raises(RefusedJoinError, match=f"join: {told}: not as expected"):
        parse_join(GIVEN | change)
