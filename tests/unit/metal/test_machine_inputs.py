"""What a Machine takes: every bad input is named, and each change leads to what it must."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.lifecycle import BootMethod, Image, ImageKind, Wipe, WipePolicy
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.machine_inputs import check_machine, machine_changes, wanted_of
from argosy_metal.provider.resource import Change
from argosy_metal.provider.secrets import resolve_content
from argosy_metal.provider.values import UNKNOWN
from argosy_metal.root_device_hints import hint_faults

SHA = "a" * 64
MACHINE: dict[str, Any] = {
    "serverId": "hall/SN1",
    "image": {"url": "https://provision.hall.test/node.iso", "sha256": SHA},
}
USER_DATA = {"ref": "file:user-data.yaml", "sha256": SHA}


def failures(**changes: Any) -> dict[str, str]:
    return dict(check_machine({**MACHINE, **changes})[1])


def test_a_machine_needs_server_and_image_alone_and_is_online() -> None:
    inputs, found = check_machine(MACHINE)

    assert ({**MACHINE, "online": True}, []) == (inputs, found)


@pytest.mark.parametrize(
    ("changes", "name", "reason"),
    [
        (
            {"image": {**MACHINE["image"], "kind": "vhd"}},
            "image.kind",
            "expected one of iso, efi, raw, qcow2",
        ),
        ({"image": {"url": "http://h/i", "sha256": SHA}}, "image.url", "expected an https URL"),
        ({"boot": {"method": "floppy"}}, "boot.method", "expected one of virtualMedia, httpBoot, pxe"),
        ({"boot": {}}, "boot.method", "it is required"),
        ({"wipe": {"policy": "some"}}, "wipe.policy", "expected one of none, metadata, erase"),
        ({"wipe": {"policy": "none", "method": "Overwrite"}}, "wipe.method", "only `policy: erase`"),
        ({"wipe": {"policy": "erase", "method": "Hammer"}}, "wipe.method", "expected one of BlockErase"),
        ({"userData": {"ref": "file:x"}}, "userData.sha256", "it is required"),
        ({"userData": "file:x"}, "userData", "expected an object"),
        ({"labels": {"row": 7}}, "labels", "expected text by name"),
        ({"rootDeviceHints": {"colour": "red"}}, "rootDeviceHints.colour", "expected one of by_path, hctl"),
        ({"rootDeviceHints": {"size": "big"}}, "rootDeviceHints.size", "expected GiB"),
        ({"more": 1}, "more", "there is no such property"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], name: str, reason: str) -> None:
    assert reason in failures(**changes)[name]


def test_user_data_that_is_given_instead_of_a_reference_is_not_repeated() -> None:
    told = failures(userData={"ref": "#cloud-config password: canary-4711", "sha256": SHA})["userData.ref"]

    assert "never the content" in told
    assert "canary" not in told


@pytest.mark.parametrize(
    ("method", "kind", "refused"),
    [
        ("virtualMedia", "iso", False),
        ("virtualMedia", "efi", True),
        ("virtualMedia", "raw", True),
        ("httpBoot", "efi", False),
        ("httpBoot", "iso", False),
        ("httpBoot", "qcow2", True),
        ("pxe", "raw", False),
    ],
)
def test_an_image_that_the_boot_method_cannot_start_is_refused(method: str, kind: str, refused: bool) -> None:
    found = failures(boot={"method": method}, image={**MACHINE["image"], "kind": kind})

    assert refused == ("image.kind" in found)


def test_what_is_not_known_yet_passes() -> None:
    assert {} == failures(
        boot={"method": UNKNOWN}, image=UNKNOWN, rootDeviceHints={"serial": UNKNOWN}, labels={"row": UNKNOWN}
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model", "s== ST2000"),
        ("vendor", "<or> samsung <or> winsys"),
        ("serial", "<in> 4711"),
        ("size", "60"),
        ("size", ">= 60"),
        ("size", "<range-in> ( 10 100 )"),
        ("size", "<range-in> [10 100]"),
        ("size", "<or> 100 <or> 200"),
        ("rotational", "false"),
        ("wwn", "0x4000cca77fc4dba1"),
        ("hctl", "1:0:0:0"),
        ("by_path", "/dev/disk/by-path/pci-0000:00"),
        ("name", "/dev/md0"),
    ],
)
def test_hints_that_ironic_takes_are_taken(key: str, value: str) -> None:
    assert [] == hint_faults({key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("size", "<in> 60"),
        ("size", "60 GB"),
        ("size", "<range-in> 10 100"),
        ("rotational", "no"),
        ("serial", ""),
        ("serial", 7),
        ("deviceName", "/dev/sda"),
    ],
)
def test_hints_that_ironic_does_not_take_are_refused(key: str, value: object) -> None:
    assert [key] == [name for name, _ in hint_faults({key: value})]


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ({"image": {**MACHINE["image"], "sha256": "b" * 64}}, {"image.sha256": Change.REPLACE}),
        ({"image": {**MACHINE["image"], "url": "https://h/i"}}, {"image.url": Change.UPDATE}),
        ({"image": {**MACHINE["image"], "kind": "efi"}}, {"image.kind": Change.UPDATE}),
        ({"boot": {"method": "pxe"}}, {"boot.method": Change.UPDATE}),
        ({"wipe": {"policy": "erase"}}, {"wipe.policy": Change.UPDATE}),
        ({"userData": USER_DATA}, {"userData.ref": Change.UPDATE, "userData.sha256": Change.REPLACE}),
        (
            {"image": UNKNOWN},
            {"image.kind": Change.UPDATE, "image.sha256": Change.REPLACE, "image.url": Change.UPDATE},
        ),
        ({}, {}),
    ],
)
def test_a_change_replaces_a_machine_only_where_another_system_comes_of_it(
    news: dict[str, Any], expected: dict[str, Change]
) -> None:
    assert expected == machine_changes({**MACHINE, **news}, MACHINE)


def test_user_data_at_another_place_with_the_same_content_is_the_same_machine() -> None:
    moved = {**MACHINE, "userData": {**USER_DATA, "ref": "env:USER_DATA"}}

    assert {"userData.ref": Change.UPDATE} == machine_changes(moved, {**MACHINE, "userData": USER_DATA})


def test_what_is_wanted_follows_from_the_inputs(tmp_path: Path) -> None:
    content = "grüße\n".encode()
    (tmp_path / "user-data.yaml").write_bytes(content)
    inputs = {
        **MACHINE,
        "image": {**MACHINE["image"], "kind": "efi"},
        "boot": {"method": "httpBoot"},
        "rootDeviceHints": {"size": ">= 400"},
        "userData": {"ref": "file:user-data.yaml", "sha256": hashlib.sha256(content).hexdigest()},
        "wipe": {"policy": "erase", "method": "BlockErase"},
    }

    wanted = wanted_of(inputs, lambda reference: resolve_content(reference, tmp_path))

    assert Image("https://provision.hall.test/node.iso", SHA, ImageKind.EFI) == wanted.image
    assert (BootMethod.HTTP_BOOT, {"size": ">= 400"}) == (wanted.boot, wanted.root_device_hints)
    assert Wipe(WipePolicy.ERASE, "BlockErase") == wanted.wipe == Wipe.of(wanted.wipe.stored)
    assert wanted.user_data is not None
    assert content == wanted.user_data.read()


def test_user_data_whose_content_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "user-data.yaml").write_bytes(b"canary-4711")
    wanted = wanted_of({**MACHINE, "userData": USER_DATA}, lambda ref: resolve_content(ref, tmp_path))
    assert wanted.user_data is not None

    with pytest.raises(NotPossibleError, match="is pinned; find out who changed it") as error:
        wanted.user_data.read()

    assert "canary" not in str(error.value)


@pytest.mark.parametrize("reference", ["file:gone.yaml", "env:ARGOSY_NOT_SET"])
def test_user_data_that_is_not_there_is_named_by_its_reference(tmp_path: Path, reference: str) -> None:
    with pytest.raises(NotPossibleError, match=reference):
        resolve_content(reference, tmp_path, {})


def test_user_data_from_the_environment_is_taken_as_it_is() -> None:
    assert b" x \n" == resolve_content("env:USER_DATA", Path(), {"USER_DATA": " x \n"})
