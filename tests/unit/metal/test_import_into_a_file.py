"""`argosy metal import-inventory --output`: NetBox's servers come into the file, and all else stays."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from argosy.spec.document import read_document
from argosy.spec.inventory import InventorySpec
from argosy_metal.commands import inventory_file

from ...netbox_api import NetBoxApi
from .netbox_import import refused, run

PIN = "7d" * 32
KEPT = f"""\
# The hall in Oslo.
version: 1
site: oslo
server_type: dgx-h200
credentials: {{username: "env:OSLO_BMC_USERNAME", password: "env:OSLO_BMC_PASSWORD"}}  # one for all
servers:
  # The control plane, which NetBox does not have.
  - {{serial: CP1, bmc: "https://bmc-cp.oslo.example", rack: r-0, feeds: [feed-a], server_type: small-box}}
  # Its certificate is its own.
  - {{serial: SN2, bmc: "https://10.9.0.12", rack: r-9, feeds: [feed-b, feed-a], certificate_sha256: {PIN}}}
  - serial: SN1  # the first
    bmc: "https://10.9.0.11"
    rack: r-1
    feeds: [feed-a, feed-b]
    credentials: {{username: "env:SN1_USERNAME", password: "env:SN1_PASSWORD"}}
# Out until the fan comes.
out_of_service:
  SN1: {{slot: train/slot-02, reason: fan tray}}
"""
"""As people have written it."""
ENTANGLED = KEPT.replace(
    'credentials: {username: "env:OSLO_BMC_USERNAME"', 'credentials: &one {username: "env:U"'
).replace('{username: "env:SN1_USERNAME", password: "env:SN1_PASSWORD"}', "*one")
NOT_THERE = (
    "kept: CP1 is not among the servers that NetBox gave; if it is gone for good, free its slot first"
    " (`argosy metal replace`), then delete its lines"
)
STILL_OUT = (
    "kept: SN1 is out of service, though in service in NetBox; once it is mended, delete its line below"
    " out_of_service"
)


@pytest.fixture
def netbox(netbox: NetBoxApi) -> NetBoxApi:
    for number in (1, 2, 3):
        netbox.server(f"gpu-{number}", f"SN{number}", oob=f"10.9.0.1{number}/24")
    return netbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "oslo.yaml"
    path.write_text(KEPT)
    return path


def brought_in(netbox: NetBoxApi, file: Path, **options: str) -> list[str]:
    """What is told of the file, once NetBox has been brought into it."""
    result = run(netbox, output=str(file), **options)
    assert 0 == result.exit_code, result.exception
    assert "" == result.stdout
    InventorySpec.model_validate(said(file))
    return result.stderr.splitlines()[1:]


def said(file: Path) -> Any:
    return read_document(file.read_text(), "oslo.yaml").value


def test_netbox_s_servers_come_in_and_all_else_stays_word_for_word(netbox: NetBoxApi, file: Path) -> None:
    told = brought_in(netbox, file)

    new = '  - {serial: SN3, bmc: "https://10.9.0.13", rack: r-1, feeds: [feed-a, feed-b]}\n'
    expected = KEPT.replace("r-9", "r-1").replace("# Out until", f"{new}# Out until")
    assert expected == file.read_text()
    assert [
        "changed: SN2 rack r-9 → r-1",
        "added: SN3 in r-1",
        STILL_OUT,
        NOT_THERE,
        f"{file}: changed",
    ] == told


def test_a_second_time_changes_nothing_and_says_so(netbox: NetBoxApi, file: Path) -> None:
    brought_in(netbox, file)
    before, written = file.read_bytes(), file.stat().st_ino

    told = brought_in(netbox, file)

    assert (before, written) == (file.read_bytes(), file.stat().st_ino)
    assert [STILL_OUT, NOT_THERE, f"{file}: as it was"] == told


def test_without_a_file_it_is_what_would_be_printed(netbox: NetBoxApi, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"

    told = brought_in(netbox, file)

    assert run(netbox).stdout == file.read_text()
    assert [f"{file}: written, with 3 servers"] == told
    assert [f"{file}: as it was"] == brought_in(netbox, file)


def test_a_server_that_failed_in_netbox_goes_out_of_service_beside_the_others(
    netbox: NetBoxApi, file: Path
) -> None:
    netbox.devices[-1]["status"] = {"value": "failed"}
    netbox.devices[-3]["status"] = {"value": "failed"}

    told = brought_in(netbox, file)

    assert {
        "SN1": {"slot": "train/slot-02", "reason": "fan tray"},
        "SN3": {"reason": "failed in NetBox"},
    } == said(file)["out_of_service"]
    assert "out of service: SN3 (failed in NetBox)" in told
    assert STILL_OUT not in told


def test_another_spelling_of_a_bmc_and_another_order_of_feeds_are_no_change(
    netbox: NetBoxApi, tmp_path: Path
) -> None:
    file = tmp_path / "oslo.yaml"
    brought_in(netbox, file, bmc="https://{name}.example")
    text = file.read_text().replace("//gpu-1.example", "//GPU-1.example:443/")
    file.write_text(text.replace("[feed-a, feed-b]", "[feed-b, feed-a]"))

    assert [f"{file}: as it was"] == brought_in(netbox, file, bmc="https://{name}.example")


def test_a_pin_stays_when_its_bmc_has_another_address_and_is_told(netbox: NetBoxApi, file: Path) -> None:
    netbox.devices[-2]["oob_ip"]["address"] = "10.9.0.99/24"

    told = brought_in(netbox, file)

    assert (
        "changed: SN2 bmc https://10.9.0.12 → https://10.9.0.99, rack r-9 → r-1, certificate_sha256 kept,"
        " check it"
    ) in told
    assert PIN == said(file)["servers"][1]["certificate_sha256"]


def test_types_are_held_against_the_file_s_own_usual_type(netbox: NetBoxApi, file: Path) -> None:
    netbox.devices[-1]["device_type"]["slug"] = "other-box"
    file.write_text(KEPT.replace("server_type: dgx-h200", "server_type: dgx-b200"))

    told = brought_in(netbox, file, type="dgx-h200=dgx-h200", name="oslo")

    assert "changed: SN1 server_type dgx-b200 → dgx-h200" in told
    assert ["small-box", "dgx-h200", "dgx-h200"] == [one["server_type"] for one in said(file)["servers"]]


def test_other_references_of_the_hall_are_told(netbox: NetBoxApi, file: Path) -> None:
    told = brought_in(netbox, file, username="env:BMC")

    assert "changed: credentials.username env:OSLO_BMC_USERNAME → env:BMC" in told
    assert "env:BMC" == said(file)["credentials"]["username"]
    assert "# one for all" in file.read_text()


def test_json_stays_json_and_ends_of_lines_stay_as_they_are(netbox: NetBoxApi, file: Path) -> None:
    plain = said(file)
    file.write_text(json.dumps(plain))
    brought_in(netbox, file)
    as_json = json.loads(file.read_text())
    file.write_bytes(KEPT.replace("\n", "\r\n").encode())
    brought_in(netbox, file)

    assert as_json == said(file)
    assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n") == KEPT.count("\n") + 1


def test_servers_between_braces_come_in_as_well(netbox: NetBoxApi, file: Path) -> None:
    file.write_text(
        'version: 1\nsite: oslo\nserver_type: dgx-h200\ncredentials: {username: "env:U", password: "env:P"}\n'
        'servers: [{serial: SN1, bmc: "https://10.9.0.11", rack: r-1, feeds: [feed-a]}]  # all\n'
    )

    brought_in(netbox, file)

    assert ["SN1", "SN2", "SN3"] == [server["serial"] for server in said(file)["servers"]]
    assert "# all" in file.read_text()


def test_a_name_that_readers_disagree_about_is_quoted(netbox: NetBoxApi, file: Path) -> None:
    netbox.devices[-1]["rack"]["name"] = "On"
    netbox.devices[-2]["rack"]["name"] = "NO"

    brought_in(netbox, file)

    assert ["no", "on"] == [
        server["rack"] for server in said(file)["servers"] if server["serial"] in "SN2SN3"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (KEPT.replace("site: oslo", "site: bergen"), "is the inventory of bergen, not of oslo; give another"),
        ("\n", "is empty; bring its content back or delete it"),
        (KEPT.replace("rack: r-0, ", ""), "servers[0].rack"),
        (KEPT.replace("SN2", "SN1"), "SN1: there twice; delete one, then run again"),
        ("servers: [", "oslo.yaml:"),
        # One pair of references is the hall's and a server's: whoever changes one changes both.
        (ENTANGLED, "is written in a way in which this command cannot change it; run again without --output"),
    ],
)
def test_a_file_that_cannot_take_it_is_told_and_stays(
    netbox: NetBoxApi, file: Path, text: str, told: str
) -> None:
    file.write_text(text)

    assert told in refused(netbox, output=str(file))
    assert text == file.read_text()


def test_a_file_that_is_no_text_is_told_and_stays(netbox: NetBoxApi, file: Path) -> None:
    file.write_bytes(b"\xff")

    assert "cannot be written (not UTF-8); mend that" in refused(netbox, output=str(file))


def test_a_netbox_that_does_not_answer_leaves_the_file_and_claims_no_record(
    netbox: NetBoxApi, file: Path
) -> None:
    netbox.stop()

    told = refused(netbox, output=str(file))

    assert told.endswith("check that it runs and is reached from here, then run again")
    assert KEPT == file.read_text()


def test_a_device_with_a_fault_leaves_the_file(netbox: NetBoxApi, file: Path) -> None:
    netbox.server("gpu-4", "")

    assert "enter it in NetBox" in refused(netbox, output=str(file))
    assert KEPT == file.read_text()


def test_a_full_disk_and_a_folder_that_is_not_there_are_told(
    netbox: NetBoxApi, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = refused(netbox, output=str(file.parent / "none" / "oslo.yaml"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(inventory_file, "write_whole", full)

    assert "cannot be written (No such file or directory); mend that, then run again" in missing
    assert "cannot be written (No space left on device)" in refused(netbox, output=str(file))


def test_a_link_stays_a_link(netbox: NetBoxApi, file: Path) -> None:
    link = file.with_name("link.yaml")
    link.symlink_to(file)

    brought_in(netbox, link)

    assert link.is_symlink()
    assert "SN3" in file.read_text()


def test_an_edit_that_says_anything_else_is_not_taken(
    netbox: NetBoxApi, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit(text: str, *_: object) -> str:
        return text.replace("r-9", "r-1").replace("CP1", "CP2")

    monkeypatch.setattr(inventory_file, "CONTENT_EDITS", (edit,))

    assert "cannot change it" in refused(netbox, output=str(file))
    assert KEPT == file.read_text()
