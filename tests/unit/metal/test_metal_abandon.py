"""`argosy metal abandon`: a word in the claims store, refused where it could cost a server that is alive."""

import re
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from argosy.errors import ArgosyError
from argosy_metal.claims import Claim, ForeignClaimError, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.commands import app
from argosy_metal.commands.abandon import NotAbandonableError, abandon_server, take_back_server
from argosy_metal.commands.live_runs import LiveRunError
from argosy_metal.lifecycle.abandonment import abandoned_because, leaving_behind

ROOT = Path(__file__).resolve().parents[3]
SERVER = "hall/H0001"


class Project:
    """A project whose stack runs a machine on H0001, which is out of service."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", folder / "inventories")
        shutil.copy(ROOT / "tests" / "conformance" / "metal.yaml", folder / "metal.yaml")
        (folder / "Pulumi.yaml").write_text("name: lab\n")
        self.inventory = folder / "inventories" / "hall.yaml"
        self.inventory.write_text(
            f"{self.inventory.read_text()}out_of_service:\n  H0001: {{reason: its BMC is dead}}\n"
        )
        self.path = folder / "claims.sqlite"
        self._runs = 0
        self.hold("lab/metal")

    def store(self) -> SqliteClaimStore:
        """As another run, each time."""
        self._runs += 1
        return SqliteClaimStore(self.path, RunIdentity(f"run {self._runs}"))

    def hold(self, owner: str) -> None:
        store = self.store()
        claim = store.claim(Claim("hall", "H0001", "serve/slot-01", owner, "urn", 0, {"rack": "r1"}))
        store.change(claim, phase=Phase.RUNNING, wipe="erase")
        store.close()

    def leave_behind(self) -> None:
        """As the plugin does it once the BMC has not answered."""
        store, claim = self.store(), self.claim
        store.change(claim, **leaving_behind(claim))
        store.close()

    @property
    def claim(self) -> Claim:
        (claim,) = self.store().read_all()
        return claim


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def test_the_word_stands_with_the_claim_and_changes_nothing_else_of_it(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    before = project.claim

    abandon_server("metal.yaml", SERVER, "BMC burnt")

    after = project.claim
    assert "BMC burnt" == abandoned_because(after)
    assert (before.phase, before.holder, before.wipe) == (after.phase, after.holder, after.wipe)
    assert "r1" == after.record["rack"]
    assert "take it off the power now" in capsys.readouterr().out


def test_a_server_in_service_is_not_given_up(project: Project) -> None:
    project.inventory.write_text(project.inventory.read_text().partition("out_of_service")[0])

    with pytest.raises(NotAbandonableError, match=r"hall/H0001 is in service; .*argosy metal replace"):
        abandon_server("metal.yaml", SERVER, "BMC burnt")

    assert abandoned_because(project.claim) is None


@pytest.mark.parametrize(
    ("server", "reason", "told"),
    [
        ("H0001", "BMC burnt", "'H0001' is no server of this fleet; write SITE/SERIAL; halls: hall"),
        ("oslo/H0001", "BMC burnt", "'oslo/H0001' is no server of this fleet"),
        ("hall/H0002", "BMC burnt", "hall/H0002 is in service"),
        (SERVER, " ", "give the reason in one line"),
        (SERVER, "BMC\x1b[2Jburnt", "give the reason in one line"),
    ],
)
def test_what_cannot_be_given_up_is_told_with_what_would_do(
    project: Project, server: str, reason: str, told: str
) -> None:
    with pytest.raises(NotAbandonableError, match=re.escape(told)):
        abandon_server("metal.yaml", server, reason)


def test_a_server_that_nobody_has_claimed_needs_no_giving_up(project: Project) -> None:
    project.path.unlink()

    with pytest.raises(NotAbandonableError, match="claimed by nobody"):
        abandon_server("metal.yaml", SERVER, "BMC burnt")


def test_another_projects_server_is_not_given_up_here(project: Project) -> None:
    project.path.unlink()
    project.hold("other/metal")

    with pytest.raises(NotAbandonableError, match="owned by other/metal; do this in that project"):
        abandon_server("metal.yaml", SERVER, "BMC burnt")


def test_a_hall_whose_engine_is_ironic_gives_servers_up_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "argosy.spec.loader.LoadedFleet.site_settings", Mock(return_value=Mock(engine="ironic"))
    )

    with pytest.raises(NotAbandonableError, match="the engine of hall is Ironic"):
        abandon_server("metal.yaml", SERVER, "BMC burnt")


@pytest.mark.parametrize("options", [["--reason", "another"], ["--take-back"]])
def test_beside_a_live_run_nothing_is_written(
    project: Project, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    abandon_server("metal.yaml", SERVER, "BMC burnt")
    before = project.claim
    monkeypatch.setattr("argosy_metal.commands.live_runs.live_runs", Mock(return_value=[Mock(pid=4711)]))

    refused = CliRunner().invoke(app, ["abandon", "metal.yaml", SERVER, *options]).exception

    assert isinstance(refused, LiveRunError)
    assert "at work on stack metal (pid 4711)" in str(refused)
    assert before == project.claim


def test_a_server_that_the_state_still_has_is_taken_back_as_it_was(project: Project) -> None:
    before = project.claim
    abandon_server("metal.yaml", SERVER, "BMC burnt")

    take_back_server("metal.yaml", SERVER, None)

    assert before.record == project.claim.record
    assert (before.phase, before.wipe) == (project.claim.phase, project.claim.wipe)


def test_a_server_that_owes_a_wipe_is_not_free_before_a_person_says_how_it_was_wiped(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    abandon_server("metal.yaml", SERVER, "BMC burnt")
    project.leave_behind()
    for wiped in (None, " "):
        with pytest.raises(NotAbandonableError, match="owes the wipe `erase`"):
            take_back_server("metal.yaml", SERVER, wiped)
    with pytest.raises(ForeignClaimError, match="abandoned: BMC burnt"):
        project.hold("lab/metal")

    take_back_server("metal.yaml", SERVER, "drives shredded")

    assert () == project.store().read_all()
    assert "its drives: drives shredded" in capsys.readouterr().out


def test_a_server_that_was_not_given_up_is_not_taken_back(project: Project) -> None:
    with pytest.raises(NotAbandonableError, match="is not given up, so it is not taken back"):
        take_back_server("metal.yaml", SERVER, "drives shredded")

    assert Phase.RUNNING == project.claim.phase


def test_the_command_gives_up_and_takes_back(project: Project) -> None:
    done = CliRunner().invoke(app, ["abandon", "metal.yaml", SERVER, "--reason", "BMC burnt"])
    assert (0, "BMC burnt") == (done.exit_code, abandoned_because(project.claim))

    done = CliRunner().invoke(app, ["abandon", "metal.yaml", SERVER, "--take-back"])
    assert (0, None) == (done.exit_code, abandoned_because(project.claim))

    refused = CliRunner().invoke(app, ["abandon", "metal.yaml", SERVER])
    assert isinstance(refused.exception, ArgosyError)
