"""`argosy metal replace`: one line of the inventory, the lock proven, all else as a person wrote it."""

import difflib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from argosy.errors import LockError
from argosy.planner.lock import load_lock, write_lock
from argosy.planner.plan import plan_capacity
from argosy.planner.replace import NotReplaceableError, Replacement, replace_server
from argosy.planner.verify import verify_plan
from argosy.resolve import load_fleet
from argosy.spec.inventory import OutOfServiceSpec
from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.commands import app
from argosy_metal.commands.inventory_file import InventoryEditError, with_out_of_service
from argosy_metal.commands.replace import replace_slot
from argosy_metal.commands.status import NotAllRunningError, show_status

ROOT = Path(__file__).resolve().parents[3]
ENTRY = OutOfServiceSpec(slot="train/slot-02", reason="fan tray: rattles")
INVENTORY = """\
# Whose hall this is.
version: 1
site: hall   # ours
server_type: dgx-h200
credentials: {username: "env:U", password: "env:P"}
servers:
  - {serial: SN1, bmc: "https://bmc-1.hall.test", rack: r1, feeds: [a]}
  # The second one.
  - {serial: SN2, bmc: 'https://bmc-2.hall.test', rack: r1, feeds: [a]}
"""


def added(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


class Project:
    """A project with one planned hall: pool `serve` of two and a spare, pool `train` of one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "metal.yaml"
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", folder / "inventories")
        shutil.copy(ROOT / "tests" / "conformance" / "metal.yaml", self.path)
        (folder / "Pulumi.yaml").write_text("name: lab\n")
        fleet, catalog = load_fleet(str(self.path))
        write_lock(plan_capacity(fleet, catalog, None), fleet.lock_path)
        (self.inventory,) = (folder / "inventories").glob("*.yaml")

    @property
    def serials(self) -> dict[str, str]:
        plan = load_lock(load_fleet(str(self.path))[0]).pools["hall/serve"]
        return plan.slots | plan.spares


def killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def test_the_spare_takes_the_slot_and_both_files_say_so(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    before, text = project.serials, project.inventory.read_text()

    replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")

    after = project.serials
    old = before["slot-02"]
    assert (before["spare-01"], before["slot-01"]) == (after["slot-02"], after["slot-01"])
    assert [
        "+ out_of_service:",
        f"+   {old}: {{slot: serve/slot-02, reason: fan tray rattles}}",
    ] == added(text, project.inventory.read_text())
    fleet, catalog = load_fleet("metal.yaml")
    verify_plan(fleet, load_lock(fleet), catalog)
    told = capsys.readouterr().out
    assert f"hall/serve/slot-02: {old} → {before['spare-01']}" in told
    assert "review both files; then `pulumi up`" in told


def test_planning_again_leaves_the_replacement_as_it_is(project: Project) -> None:
    replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")
    fleet, catalog = load_fleet("metal.yaml")
    lock = load_lock(fleet)

    assert lock.pools == plan_capacity(fleet, catalog, lock).pools


def test_what_is_refused_changes_no_file(project: Project) -> None:
    files = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}

    for place in ("hall/train/slot-01", "hall/serve/slot-09"):
        with pytest.raises(NotReplaceableError):
            replace_slot("metal.yaml", place, "fan tray rattles")

    assert files == {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}


def test_a_command_that_is_killed_between_its_files_is_ended_by_the_same_command(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.serials
    with monkeypatch.context() as patched:
        patched.setattr("argosy_metal.commands.replace.write_lock", killed)
        with pytest.raises(KeyboardInterrupt):
            replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")
    assert before == project.serials
    text = project.inventory.read_text()

    replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")

    assert before["spare-01"] == project.serials["slot-02"]
    assert [] == added(text, project.inventory.read_text())


def test_between_its_files_the_check_names_the_server_and_the_same_command_ends_it_in_any_style(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    content: Any = YAML(typ="safe", pure=True).load(project.inventory)  # pyright: ignore[reportUnknownMemberType]
    project.inventory.write_text(json.dumps(content))
    old = project.serials["slot-02"]
    with monkeypatch.context() as patched:
        patched.setattr("argosy_metal.commands.replace.write_lock", killed)
        with pytest.raises(KeyboardInterrupt):
            replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")
    fleet, catalog = load_fleet("metal.yaml")
    with pytest.raises(LockError) as told:
        verify_plan(fleet, load_lock(fleet), catalog)

    replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")

    assert (
        f"slot-02 names server {old}, which is out of service (fan tray rattles); if `argosy metal replace` "
        "was interrupted, run it again"
    ) in str(told.value)
    fleet, catalog = load_fleet("metal.yaml")
    verify_plan(fleet, load_lock(fleet), catalog)


def test_an_inventory_that_somebody_changes_meanwhile_is_left_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced_meanwhile(*given: Any) -> Replacement:
        found = replace_server(*given)
        project.inventory.write_text(project.inventory.read_text().replace("rack: r1", "rack: r9"))
        return found

    monkeypatch.setattr("argosy_metal.commands.replace.replace_server", replaced_meanwhile)
    lock = project.serials

    with pytest.raises(InventoryEditError, match=r"hall\.yaml: has changed while it was read; run again"):
        replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")

    assert "out_of_service" not in project.inventory.read_text()
    assert lock == project.serials


def test_the_lock_is_not_written_to_an_inventory_that_does_not_say_what_was_meant(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untouched(*_: object) -> None:
        """A file system that says that it has written."""

    monkeypatch.setattr("argosy_metal.commands.replace.put_out_of_service", untouched)
    before = project.serials

    with pytest.raises(LockError):
        replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")

    assert before == project.serials


def test_an_inventory_behind_a_link_is_written_and_the_link_stays(project: Project) -> None:
    file = project.inventory.rename(project.folder / "inventories" / "real.yaml")
    project.inventory.symlink_to(file)

    replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")

    assert project.inventory.is_symlink()
    assert "fan tray rattles" in file.read_text()


def test_a_file_that_cannot_be_written_is_told_by_name(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("argosy_metal.commands.inventory_file.write_whole", full)
        with pytest.raises(InventoryEditError, match=r"hall\.yaml: cannot be written \(No space left"):
            replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")
    with monkeypatch.context() as patched:
        patched.setattr("argosy_metal.commands.replace.write_lock", full)
        with pytest.raises(LockError, match=r"metal\.lock\.json: cannot be written \(No space left"):
            replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")

    replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")


def test_status_names_the_command_for_what_is_quarantined_and_lists_what_is_out_of_service(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SqliteClaimStore(project.folder / "claims.sqlite", RunIdentity("run"))
    serial = project.serials["slot-02"]
    claim = store.claim(Claim("hall", serial, "serve/slot-02", "lab/metal", "urn", 0, {}))
    store.change(claim, phase=Phase.QUARANTINED)
    store.close()

    with pytest.raises(
        NotAllRunningError, match=r"argosy metal replace metal\.yaml hall/serve/slot-02 --reason TEXT"
    ):
        show_status("metal.yaml", as_json=False)
    replace_slot("metal.yaml", "hall/serve/slot-02", "fan tray rattles")
    capsys.readouterr()
    with pytest.raises(NotAllRunningError):
        show_status("metal.yaml", as_json=False)

    assert f"hall/{serial} is out of service, was serve/slot-02: fan tray rattles" in capsys.readouterr().out


def test_the_command_asks_for_a_reason(project: Project) -> None:
    result = CliRunner().invoke(app, ["replace", "metal.yaml", "hall/serve/slot-02"])

    assert (2, True) == (result.exit_code, "--reason" in result.output)


def test_the_first_entry_stands_at_the_end_and_nothing_else_changes() -> None:
    assert [
        "+ out_of_service:",
        "+   SN2: {slot: train/slot-02, reason: 'fan tray: rattles'}",
    ] == added(INVENTORY, with_out_of_service(INVENTORY, "SN2", ENTRY))


def test_a_further_entry_is_one_line_more() -> None:
    first = with_out_of_service(INVENTORY, "SN2", ENTRY)

    assert ["+   SN1: {slot: train/slot-02, reason: 'fan tray: rattles'}"] == added(
        first, with_out_of_service(first, "SN1", ENTRY)
    )


@pytest.mark.parametrize("given", ["out_of_service: {}\n", "out_of_service:\n"])
def test_an_empty_list_is_filled(given: str) -> None:
    after = with_out_of_service(INVENTORY + given, "SN2", ENTRY)

    assert "\nout_of_service:\n  SN2: {slot: train/slot-02" in after


@pytest.mark.parametrize(
    "given",
    ["out_of_service: {SN1: {reason: old}}\n", "out_of_service:\n    SN1: {reason: old}  # by hand\n"],
)
def test_other_ways_of_writing_the_list_are_kept(given: str) -> None:
    after = with_out_of_service(INVENTORY + given, "SN2", ENTRY)

    assert "SN1: {reason: old}" in after
    assert "SN2: {slot: train/slot-02" in after
    assert ("# by hand" in given) == ("# by hand" in after)


def test_an_entry_that_is_there_already_stays_once() -> None:
    once = with_out_of_service(INVENTORY, "SN2", ENTRY)

    assert once == with_out_of_service(once, "SN2", ENTRY)
