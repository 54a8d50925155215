"""Secrets of every class go through a hall's whole life at the engine's loudest, and come out nowhere."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy_metal.simulator import (
    PASSWORD_FILE,
    FaultRule,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorControl,
    image_sha256,
    start_detached,
    stop,
)
from argosy_metal.simulator.endpoint import HALL_TOKEN_FILE
from argosy_metal.simulator.sessions import TOKEN_MARK

from ..canaries import Canary, Hit, Watch, search, search_folder

if TYPE_CHECKING:
    from conftest import Engine, PulumiProject

ROOT = Path(__file__).resolve().parents[2]
CANARIES = {
    canary.name: canary
    for canary in (
        Canary("BMC password", 'canary-bmc-7f3a/"wing"&+%'),
        Canary("session token", TOKEN_MARK),
        Canary("hall token", "canary-hall-token-91c2"),
        Canary("user data", 'canary-user-data-"44e0"'),
        Canary("join token", "canary-join.5d81a0c3f2"),
        Canary("image query", "canary-image-signature-b07d"),
        Canary("kubeconfig token", "canary-kubeconfig-2e6f"),
    )
}
PROPERTIES = "the engine's own log of properties"
"""Lines of `sdk/go/common/resource/plugin/rpc.go`; what is never a property, is never there."""
_PROPERTY_LINE = re.compile(r'"msg":"(Unm|M)arshaling property for RPC\[')
BELONGS: tuple[tuple[str, str, str], ...] = (
    # Class, place, why.
    ("BMC password", f"simulator/{PASSWORD_FILE}", "the file that the reference names"),
    ("BMC password", "simulator/curl.conf", "the simulator's own file for `curl --config`"),
    ("user data", "secrets/user-data", "the file that the reference names"),
    ("join token", "secrets/user-data", "user data may hold one"),
    ("kubeconfig token", "secrets/kubeconfig", "the file that the input names"),
    ("hall token", f"simulator/{HALL_TOKEN_FILE}", "the hall's own copy"),
    (
        "hall token",
        "environment of *",
        "the shell gave it to `pulumi` by `env:`, which starts all the others",
    ),
    ("image query", "environment of python*", "Pulumi gives the program its configuration so"),
    ("image query", PROPERTIES, "at -v=9 the engine writes down every property it passes on, secret or not"),
    ("image query", "claims.sqlite*", "the claim goes on with the image after a killed run"),
    ("image query", "simulator/simulator.sqlite*", "the BMC's drive is told the URL"),
    ("image query", "simulator/installs.sqlite*", "the installer is told the URL"),
)
"""Where a class may be seen. Everything else is a leak."""
PROJECT = f"""\
name: canaries
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}
main: program
plugins:
  providers:
    - {{name: baremetal, path: {ROOT}/components/argosy_metal/plugin}}
"""
PROGRAM = """\
import pulumi
from argosy_metal.resources import BareMetalProvider, Machine, NodeJoin, ServerClaim

config = pulumi.Config()
hall = BareMetalProvider(
    "hall",
    claims={"backend": "sqlite", "path": "claims.sqlite"},
    phone_home="https://provision.hall.test/phone-home",
    provisioning="https://provision.hall.test",
    provisioning_token_ref="env:HALL_TOKEN",
    simulator_directory="simulator",
)
for number in range(1, 3):
    claim = ServerClaim(
        f"claim-{number}",
        site="hall",
        serial=f"SN{number}",
        slot=f"train/slot-0{number}",
        bmc=f"https://bmc-{number}.hall.test",
        rack="r1",
        feeds=["a"],
        username_ref="file:simulator/bmc-username",
        password_ref="file:simulator/bmc-password",
        opts=pulumi.ResourceOptions(provider=hall),
    )
    machine = Machine(
        f"machine-{number}",
        server_id=claim.server_id,
        image_url=config.require_secret("image"),
        image_sha256=config.require("sha256"),
        user_data_ref="file:secrets/user-data",
        user_data_sha256=config.require("userDataSha256"),
        opts=pulumi.ResourceOptions(provider=hall, parent=claim),
    )
    if config.get_bool("join"):
        NodeJoin(
            f"join-{number}",
            server_id=claim.server_id,
            install_id=machine.install_id,
            kubeconfig="secrets/kubeconfig",
            node_name=f"node-{number}",
            opts=pulumi.ResourceOptions(provider=hall, parent=claim),
        )
"""
LOUD = ("--yes", "--skip-preview", "--logtostderr", "-v=9")


@dataclass
class Trial:
    """A project with a secret of every class, and all that its commands have said."""

    folder: Path
    project: PulumiProject = field(repr=False)
    simulator: int
    """Process id."""
    said: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    def run(self, name: str, *arguments: str, ends_well: bool = True) -> str:
        done = self.project.pulumi(*arguments, seconds=280)
        self.said[name] = done.stdout
        assert (0 == done.returncode) == ends_well, f"{name}: {scrubbed(done.stdout)[-3000:]}"
        return done.stdout

    def choose(self, image: str, *, joins: bool) -> None:
        query = CANARIES["image query"].secret
        url = f"https://provision.hall.test/images/{image}.iso?X-Amz-Signature={query}"
        # By standard input, as `pulumi` asks for it: arguments can be read by everybody on the computer.
        subprocess.run(
            ["pulumi", "config", "set", "--secret", "image"],
            input=url,
            text=True,
            check=True,
            capture_output=True,
            cwd=self.folder,
            env=self.project.environment,
        )
        self.run("config", "config", "set", "sha256", image_sha256(image))
        self.run("config", "config", "set", "join", str(joins).lower())


@pytest.fixture
def trial(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    folder = tmp_path
    for name in ("simulator", "secrets", "program", "tmp"):
        (folder / name).mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    (folder / "simulator" / PASSWORD_FILE).write_text(CANARIES["BMC password"].secret)
    (folder / "simulator" / "bmc-username").write_text("argosy")
    (folder / "simulator" / HALL_TOKEN_FILE).write_text(CANARIES["hall token"].secret)
    user_data = "\n".join(CANARIES[name].secret for name in ("user data", "join token"))
    (folder / "secrets" / "user-data").write_text(user_data)
    (folder / "secrets" / "kubeconfig").write_text(json.dumps(kubeconfig()))
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "program" / "__main__.py").write_text(PROGRAM)
    servers = tuple(SimulatedServer(f"bmc-{n}.hall.test", f"SN{n}", "plain", "r1") for n in (1, 2))
    hall = SimulatedHall("hall", "provision.hall.test", servers)
    config = SimulatorConfig((hall,), time_scale=600, images=("node", "node-2"))
    simulator = start_detached(config, folder / "simulator")
    project = engine.project(folder, folder / "home")
    made = Trial(
        folder, type(project)(folder, {**project.environment, **told_by_the_shell(folder)}), simulator.pid
    )
    made.run("stack", "stack", "init", "local")
    made.run("config", "config", "set", "userDataSha256", hashlib.sha256(user_data.encode()).hexdigest())
    yield made
    stop(folder / "simulator")


def told_by_the_shell(folder: Path) -> dict[str, str]:
    return {
        "HALL_TOKEN": CANARIES["hall token"].secret,
        "TMPDIR": str(folder / "tmp"),
        "ARGOSY_METAL_UNDRAINED": "hall/SN1,hall/SN2",  # the cluster answers nobody
        "PULUMI_DEBUG_COMMANDS": "true",  # or there is no --event-log
    }


def kubeconfig() -> dict[str, object]:
    """Of a cluster that does not answer."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "hall",
        "clusters": [{"name": "hall", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "argosy", "user": {"token": CANARIES["kubeconfig token"].secret}}],
        "contexts": [{"name": "hall", "context": {"cluster": "hall", "user": "argosy"}}],
    }


def seen_in_output(name: str, text: str) -> set[Hit]:
    properties = "\n".join(line for line in text.splitlines() if _PROPERTY_LINE.search(line))
    others = "\n".join(line for line in text.splitlines() if not _PROPERTY_LINE.search(line))
    return search(PROPERTIES, properties.encode(), CANARIES.values()) | search(
        f"output of {name}", others.encode(), CANARIES.values()
    )


def leaks(hits: set[Hit]) -> list[Hit]:
    """What was seen where it does not belong."""
    return sorted(hit for hit in hits if not any(belongs(hit, *row[:2]) for row in BELONGS))


def belongs(hit: Hit, canary: str, place: str) -> bool:
    return hit.canary == canary and fnmatch(hit.place, place)


def scrubbed(text: str) -> str:
    for canary in CANARIES.values():
        text = text.replace(canary.secret, f"({canary.name})")
    return text


def test_no_secret_leaves_its_place_through_a_whole_life_at_the_loudest(
    trial: Trial, capfd: pytest.CaptureFixture[str]
) -> None:
    control = SimulatorControl(trial.folder / "simulator")
    with Watch(CANARIES.values(), [trial.simulator]) as watch:
        trial.choose("node", joins=False)
        control.inject([FaultRule("status", host="bmc-1.*", method="POST", path="*InsertMedia*")])
        trial.run(
            "failing up", "up", *LOUD, "--continue-on-error", "--event-log", "events-1", ends_well=False
        )
        control.clear_faults()
        pack = ("--policy-pack", str(ROOT / "policies"))
        # Two machines are no redundant fleet: the pack sees every resource, and says no at the end.
        trial.run("up that policies refuse", "up", *LOUD, *pack, ends_well=False)
        trial.run("up", "up", *LOUD, "--event-log", "events-2")
        trial.run("refresh", "refresh", *LOUD)
        trial.run("export", "stack", "export")
        trial.choose("node-2", joins=True)
        trial.run("update", "up", *LOUD, "--continue-on-error", "--diff", ends_well=False)
        trial.run("export of what failed", "stack", "export")
        trial.run("history", "stack", "history", "--json")
        trial.run("destroy", "destroy", *LOUD)
    captured = capfd.readouterr()

    hits = watch.hits | search_folder(trial.folder, CANARIES.values())
    for name, text in [*trial.said.items(), ("this test", captured.out + captured.err)]:
        hits |= seen_in_output(name, text)
    found = leaks(hits)
    assert not found, "\n".join(map(str, found))
    assert_it_was_all_there(trial, hits, watch)


def assert_it_was_all_there(trial: Trial, hits: set[Hit], watch: Watch) -> None:
    """The search means something only if secrets were used, and the places were there to be searched."""
    unseen = {row[0] for row in BELONGS} - {hit.canary for hit in hits}
    assert not unseen, f"never seen, not even where it belongs: {unseen}"
    assert {"pulumi", "python"} <= {name.rstrip("0123456789.") for name in watch.seen}, watch.seen
    assert "RED-01" in trial.said["up that policies refuse"]
    assert "baremetal:index:Machine" in trial.said["export"]
    assert "hall/SN1 (train/slot-01): phase preparing: " in trial.said["failing up"]
    assert "127.0.0.1" in trial.said["update"], "the cluster was asked, with the kubeconfig's token"
    places = [str(path.relative_to(trial.folder)) for path in trial.folder.rglob("*") if path.is_file()]
    for place in ("events-1", "events-2", "claims.sqlite", "simulator/simulator.log", "home/state/*backups*"):
        assert any(fnmatch(found, place) for found in places), f"{place} was not there to be searched"
    opened = SimulatorControl(trial.folder / "simulator").servers()["SN1"]["sessions"]["opened"]
    assert opened > 0, "no session was ever opened, so no session token was handed out"


def test_a_secret_in_a_line_of_output_is_found_and_is_a_leak_outside_the_engines_log_of_properties() -> None:
    query = CANARIES["image query"].secret
    logged = f'{{"msg":"Marshaling property for RPC[Create]: value={query}","v":9}}'

    assert [] == leaks(seen_in_output("up", logged))
    assert ["output of up"] == [hit.place for hit in leaks(seen_in_output("up", f"{logged}\n{query}"))]
    password = logged.replace(query, CANARIES["BMC password"].secret)
    assert [PROPERTIES] == [hit.place for hit in leaks(seen_in_output("up", password))]


def test_a_class_is_a_leak_wherever_its_place_is_not_named() -> None:
    assert [] == leaks({Hit("secrets/user-data", "user data", "raw")})
    for hit in (
        Hit("secrets/user-data", "BMC password", "raw"),
        Hit("claims.sqlite", "user data", "hex"),
        Hit("environment of pulumi", "BMC password", "raw"),
        Hit("arguments of pulumi", "hall token", "raw"),
    ):
        assert [hit] == leaks({hit})
