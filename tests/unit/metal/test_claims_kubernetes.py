"""The claims of a hall as Leases: the contract, and what only an API server can do to a run."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from argosy_metal.claims import ClaimStore, ClaimsUnavailableError, LostClaimError, RunIdentity
from argosy_metal.claims.documents import Key
from argosy_metal.claims.kubernetes import KubernetesClaimStore
from argosy_metal.claims.kubernetes.leases import lease_name
from argosy_metal.claims.run_document import run_key
from argosy_metal.claims.server_document import server_key
from argosy_metal.rest import Rest

from ...claims_contract import WANTED, ClaimsContract, ClaimsWorld
from ...claims_model import ClaimsMachine
from ...kubernetes_api import TOKEN, ApiServer

ANNOTATION = "argosy.dev/claims"


@pytest.fixture
def api(tmp_path: Path) -> Generator[ApiServer]:
    server = ApiServer(tmp_path)
    yield server
    server.stop()


class KubernetesWorld:
    """A namespace."""

    leases = True

    def __init__(self, api: ApiServer) -> None:
        self.api = api
        self.stores: list[KubernetesClaimStore] = []
        self.prelude = (
            "from pathlib import Path\n"
            "from argosy_metal.claims import RunIdentity\n"
            "from argosy_metal.claims.kubernetes import KubernetesClaimStore\n"
            f"path = Path({str(api.kubeconfig)!r})\n"
            "def store(run): return KubernetesClaimStore(path, None, 'argosy', RunIdentity(run))"
        )

    def open(self, run: RunIdentity) -> KubernetesClaimStore:
        self.stores.append(KubernetesClaimStore(self.api.kubeconfig, None, "argosy", run))
        return self.stores[-1]

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self.stores.clear()

    def kept(self, key: Key) -> dict[str, Any]:
        return json.loads(self.api.leases[lease_name(key)]["metadata"]["annotations"][ANNOTATION])

    def keep(self, key: Key, body: object) -> None:
        self.api.leases[lease_name(key)]["metadata"]["annotations"][ANNOTATION] = json.dumps(body)

    def spoil(self, serial: str, changes: Mapping[str, Any]) -> None:
        key = server_key("hall", serial)
        body = self.kept(key)
        self.keep(key, {**body, "claim": {**body["claim"], **changes}})

    def lose(self, serial: str) -> None:
        del self.api.leases[lease_name(server_key("hall", serial))]

    def pass_time(self, seconds: float) -> None:
        self.api.clock += seconds

    @contextmanager
    def unreachable(self) -> Generator[None]:
        self.api.stop()
        try:
            yield
        finally:
            self.api.start()


class TestClaimsInKubernetes(ClaimsContract):
    @pytest.fixture
    def world(self, api: ApiServer) -> ClaimsWorld:
        return KubernetesWorld(api)


@pytest.fixture
def world(api: ApiServer) -> Generator[KubernetesWorld]:
    world = KubernetesWorld(api)
    yield world
    world.close()


@pytest.fixture
def store(world: KubernetesWorld) -> KubernetesClaimStore:
    return world.open(RunIdentity("run", host="runner-7"))


def test_a_server_s_lease_shows_its_owner_and_generation_to_whoever_lists_leases(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    claim = store.claim(WANTED)
    lease = world.api.leases[lease_name(server_key("hall", "SN1"))]
    assert {"holderIdentity": "lab/prod", "leaseTransitions": 1} == lease["spec"]
    assert "argosy" == lease["metadata"]["labels"]["app.kubernetes.io/managed-by"]

    store.release(claim)

    lease = world.api.leases[lease_name(server_key("hall", "SN1"))]
    assert {"leaseTransitions": 1} == lease["spec"]


def test_a_stack_s_lease_shows_its_run_and_until_when_it_is_at_work(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    store.claim(WANTED)

    expected = {
        "holderIdentity": "run",
        "leaseTransitions": 1,
        "leaseDurationSeconds": 60,
        "renewTime": "2027-01-15T08:00:00.000000Z",
    }
    assert expected == world.api.leases[lease_name(run_key("lab/prod"))]["spec"]


def test_names_are_dns_names_and_tell_serials_apart_that_differ_in_case_alone() -> None:
    serials = ("SN1", "sn1", "SN_1", "A.B-C", "x" * 64)
    names = [lease_name(server_key("hall", serial)) for serial in serials]

    assert len(set(names)) == len(names)
    assert all(len(name) <= 253 and name == name.lower() and "_" not in name for name in names)


def test_a_write_whose_answer_was_lost_is_found_to_be_done(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    seen = store.claim(WANTED)
    world.api.lost_answers = 1

    changed = store.change(seen, attempts=1)

    assert (1, 2) == (changed.attempts, changed.version)
    assert changed == store.find("hall", "SN1")


def test_all_pages_are_read_and_begun_anew_when_their_moment_is_gone(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    for number in range(5):
        store.claim(replace(WANTED, serial=f"SN{number}", slot=f"train/slot-{number}"))
    world.api.compacted = 1

    assert [f"SN{number}" for number in range(5)] == [claim.serial for claim in store.read_all()]


def test_a_busy_server_is_asked_again(world: KubernetesWorld, store: KubernetesClaimStore) -> None:
    claim = store.claim(WANTED)
    world.api.answers += [(429, {})] * 3

    assert claim == store.find("hall", "SN1")


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (403, {"kind": "Status", "message": "leases is forbidden"}, "let the account get, list, create"),
        (404, "404 page not found", "check the server's address"),
        (200, "<html>a proxy's page</html>", "with no JSON"),
        (200, [], "HTTP 200"),
        (500, {"kind": "Status", "message": "etcdserver: request timed out"}, "request timed out"),
        (503, "", "HTTP 503"),
        (302, "", "HTTP 302"),
    ],
)
def test_an_answer_that_is_no_lease_is_never_taken_for_a_free_server(
    world: KubernetesWorld, store: KubernetesClaimStore, status: int, answer: Any, told: str
) -> None:
    world.api.answers.append((status, answer))

    with pytest.raises(ClaimsUnavailableError) as refusal:
        store.find("hall", "SN1")

    assert told in str(refusal.value)
    assert TOKEN not in str(refusal.value)


def test_what_the_server_finds_invalid_is_told(world: KubernetesWorld, store: KubernetesClaimStore) -> None:
    store.claim(WANTED)

    with pytest.raises(ClaimsUnavailableError, match=r"HTTP 422 .*annotations: Too long"):
        store.claim(replace(WANTED, serial="SN2", record={"bmc": "x" * (300 << 10)}))


def test_a_missing_namespace_is_told_as_such(api: ApiServer) -> None:
    store = KubernetesClaimStore(api.kubeconfig, None, "elsewhere", RunIdentity("run"))

    with pytest.raises(ClaimsUnavailableError, match=r'namespaces "elsewhere" not found; .*create the'):
        store.claim(WANTED)
    store.close()


def test_an_object_that_others_write_all_the_time_ends_in_an_error(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    seen = store.claim(WANTED)
    put = world.api._replace  # pyright: ignore[reportPrivateUsage]

    def overtaken(name: str, body: Any) -> tuple[int, Any]:
        world.api._put(name, world.api.leases[name])  # pyright: ignore[reportPrivateUsage]
        return put(name, body)

    world.api._replace = overtaken  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ClaimsUnavailableError, match="20 times in a row"):
        store.change(seen, attempts=1)


@pytest.mark.parametrize(
    "spoilt",
    [
        {},
        [],
        {"site": "hall"},
        {"site": "hall", "serial": "SN1"},
        {"site": "hall", "serial": "SN1", "generation": "1", "installs": {}, "claim": None},
        {"site": "hall", "serial": "SN1", "generation": 1, "installs": {}},
    ],
)
def test_an_object_that_lacks_a_part_is_damaged_and_not_free(
    world: KubernetesWorld, store: KubernetesClaimStore, spoilt: Any
) -> None:
    store.claim(WANTED)
    world.keep(server_key("hall", "SN1"), spoilt)

    with pytest.raises(ClaimsUnavailableError, match=r"damaged.*restore the Lease"):
        store.claim(WANTED)


def test_a_claim_that_lacks_a_part_is_named_with_its_server(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    store.claim(WANTED)
    key = server_key("hall", "SN1")
    body = world.kept(key)
    del body["claim"]["owner"]
    world.keep(key, body)

    with pytest.raises(ClaimsUnavailableError, match=r"hall/SN1 is damaged \(it has no owner"):
        store.find("hall", "SN1")


def test_a_claim_that_was_copied_to_another_server_s_lease_is_refused(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    store.claim(WANTED)
    store.claim(replace(WANTED, serial="SN2"))
    body = world.kept(server_key("hall", "SN2"))
    world.keep(server_key("hall", "SN1"), {**body, "serial": "SN1"})

    with pytest.raises(ClaimsUnavailableError, match="it names server hall/SN2"):
        store.find("hall", "SN1")


def test_the_lease_of_a_physical_server_shows_its_name_and_neither_bmc_nor_account(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    store.claim(WANTED)

    lease = world.api.leases[lease_name(Key("hardware", str(WANTED.hardware)))]
    assert {"holderIdentity": "hall/SN1"} == lease["spec"]
    assert "hardware" == lease["metadata"]["labels"]["argosy.dev/claims"]
    assert "bmc" not in json.dumps(lease)


def test_an_annotation_that_is_nested_without_end_is_damaged(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    store.claim(WANTED)
    lease = world.api.leases[lease_name(server_key("hall", "SN1"))]
    lease["metadata"]["annotations"][ANNOTATION] = "[" * 100_000

    with pytest.raises(ClaimsUnavailableError, match=r"kept for hall/SN1 .* is damaged; restore"):
        store.find("hall", "SN1")


def test_a_record_that_is_nested_further_than_any_argosy_writes_is_damaged(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    seen = store.change(store.claim(WANTED), record={"bmc": "https://b", "noted": nested(50)})
    assert seen == store.find("hall", "SN1")
    world.spoil("SN1", {"record": {"noted": nested(51)}})

    with pytest.raises(
        ClaimsUnavailableError, match=r"hall/SN1 is damaged \(its record is nested more than 50"
    ):
        store.find("hall", "SN1")


def nested(deep: int) -> list[Any]:
    return [] if deep == 1 else [nested(deep - 1)]


@pytest.mark.parametrize(
    "spoilt", [{"owner": "lab/prod"}, {"processes": {"p": {"host": "h"}}}, {"epoch": "1"}, {"processes": []}]
)
def test_a_spoilt_object_of_runs_is_damaged(
    world: KubernetesWorld, store: KubernetesClaimStore, spoilt: Any
) -> None:
    seen = store.claim(WANTED)
    key = run_key("lab/prod")
    world.keep(key, spoilt if len(spoilt) == 1 and "owner" in spoilt else {**world.kept(key), **spoilt})

    uses: list[Callable[[], object]] = [
        lambda: store.change(seen, attempts=1),
        lambda: world.open(RunIdentity("other")).claim(WANTED),
        lambda: store.lease_of("lab/prod"),
        lambda: store.fence("lab/prod"),
    ]
    for use in uses:
        with pytest.raises(ClaimsUnavailableError, match="runs of stack lab/prod is damaged"):
            use()


def test_a_spoilt_identity_is_damaged(world: KubernetesWorld, store: KubernetesClaimStore) -> None:
    store.identity()
    world.keep(Key("store", ""), {"id": 7})

    with pytest.raises(ClaimsUnavailableError, match="the store's own object is damaged"):
        store.identity()


def test_an_installation_on_a_server_that_was_removed_by_hand_is_a_lost_claim(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    claim = store.claim(WANTED)
    world.lose("SN1")

    with pytest.raises(LostClaimError):
        store.note_install(claim, "i-1", made_here=True)


def test_a_lost_object_of_runs_refuses_the_run_that_it_does_not_know(
    world: KubernetesWorld, store: KubernetesClaimStore
) -> None:
    seen = store.claim(WANTED)
    del world.api.leases[lease_name(run_key("lab/prod"))]

    with pytest.raises(ClaimsUnavailableError, match="put back from a backup"):
        store.change(seen, attempts=1)


def test_a_connection_is_used_again(world: KubernetesWorld, store: KubernetesClaimStore) -> None:
    store.claim(WANTED)
    for _ in range(10):
        store.find("hall", "SN1")

    assert 1 == len(world.api.connections)


def test_a_token_from_a_file_is_read_anew_for_every_request(
    world: KubernetesWorld, store: KubernetesClaimStore, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("old")
    world.api.write_kubeconfig(user="tokenFile: token")
    with pytest.raises(ClaimsUnavailableError, match="check the kubeconfig's token"):
        store.find("hall", "SN1")

    (tmp_path / "token").write_text(f"{TOKEN}\n")

    assert store.find("hall", "SN1") is None


def test_an_authority_may_stand_in_the_kubeconfig_itself(world: KubernetesWorld) -> None:
    data = base64.b64encode(world.api.ca.read_bytes()).decode()
    world.api.write_kubeconfig(f", certificate-authority-data: {data}")

    assert world.open(RunIdentity("run")).find("hall", "SN1") is None


def test_a_server_of_another_authority_is_refused(world: KubernetesWorld, tmp_path: Path) -> None:
    from argosy_metal.simulator.certificates import make_server_context

    make_server_context(["localhost"], tmp_path / "api-ca.pem")

    with pytest.raises(ClaimsUnavailableError, match="its certificate is refused"):
        world.open(RunIdentity("run")).find("hall", "SN1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no current context"),
        ("a: [", "it is no YAML"),
        ("- x", "names no current context"),
        ("current-context: gone", "it has no context 'gone'"),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]",
            "it has no cluster 'c'",
        ),
    ],
)
def test_a_kubeconfig_that_names_no_cluster_is_told_as_such(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "kubeconfig").write_text(text)
    store = KubernetesClaimStore(tmp_path / "kubeconfig", None, "argosy", RunIdentity("run"))

    with pytest.raises(ClaimsUnavailableError, match=told):
        store.find("hall", "SN1")


def test_a_context_that_was_asked_for_goes_before_the_current_one(api: ApiServer) -> None:
    store = KubernetesClaimStore(api.kubeconfig, "other", "argosy", RunIdentity("run"))

    with pytest.raises(ClaimsUnavailableError, match="it has no context 'other'"):
        store.find("hall", "SN1")


def test_a_missing_kubeconfig_is_told_as_such(tmp_path: Path) -> None:
    store = KubernetesClaimStore(tmp_path / "none", None, "argosy", RunIdentity("run"))

    with pytest.raises(ClaimsUnavailableError, match=r"none: .*cannot be read \(No such file"):
        store.find("hall", "SN1")


@pytest.mark.parametrize(
    ("cluster", "user", "told"),
    [
        (", insecure-skip-tls-verify: true", f"token: {TOKEN}", "name its authority instead"),
        ("", "exec: {command: aws}", "proves itself by exec"),
        ("", f"username: a, password: {TOKEN}", "proves itself by username"),
        ("", "client-certificate: none.pem, client-key: none.pem", "its certificates cannot be read"),
        ("", f"client-certificate-data: '{TOKEN}!'", "its certificates cannot be read"),
        (", certificate-authority-data: eA==", f"token: {TOKEN}", "its certificates cannot be read"),
    ],
)
def test_a_kubeconfig_that_proves_nothing_is_refused_without_its_secrets(
    world: KubernetesWorld, cluster: str, user: str, told: str
) -> None:
    world.api.write_kubeconfig(cluster, user)

    with pytest.raises(ClaimsUnavailableError, match=told) as refusal:
        world.open(RunIdentity("run")).find("hall", "SN1")

    assert TOKEN not in str(refusal.value)
    assert [] == world.api.requests


def test_a_server_without_tls_is_refused(world: KubernetesWorld) -> None:
    path = world.api.kubeconfig
    path.write_text(path.read_text().replace("https://", "http://"))

    with pytest.raises(ClaimsUnavailableError, match="no https URL"):
        world.open(RunIdentity("run")).find("hall", "SN1")


def test_the_leases_keep_to_the_model(api: ApiServer) -> None:
    class LeaseMachine(ClaimsMachine):
        def __init__(self) -> None:
            api.leases.clear()
            super().__init__()

        def open(self, run: RunIdentity) -> ClaimStore:
            return KubernetesClaimStore(api.kubeconfig, None, "argosy", run)

    run_state_machine_as_test(LeaseMachine, settings=settings(max_examples=8, deadline=None))


def test_a_server_that_stays_busy_is_an_error(world: KubernetesWorld, store: KubernetesClaimStore) -> None:
    world.api.answers += [(429, {"kind": "Status", "message": "too many requests"})] * 5

    with pytest.raises(ClaimsUnavailableError, match="HTTP 429 too many requests"):
        store.find("hall", "SN1")


@pytest.mark.parametrize(("wanted", "waited"), [("2", 2.0), ("3600", 10.0), ("soon", 1.0)])
def test_a_busy_server_says_how_long_to_wait_within_reason(
    api: ApiServer, wanted: str, waited: float
) -> None:
    api.retry_after = wanted
    api.answers.append((429, {}))
    slept: list[float] = []

    def unavailable(found: str, next_step: str) -> ClaimsUnavailableError:
        return ClaimsUnavailableError.at("api", found, next_step)

    headers = {"Authorization": f"Bearer {TOKEN}"}
    context = ssl.create_default_context(cafile=api.ca)
    rest = Rest(api.url, unavailable, lambda: headers, context, slept.append)

    assert 404 == rest.ask("GET", "/healthz", repeatable=True).status
    assert [waited] == slept
    rest.close()
