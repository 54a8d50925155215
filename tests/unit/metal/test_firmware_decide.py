"""In which order components are flashed, and when they are as they should be."""

import pytest

from argosy_metal.lifecycle.firmware_decide import FirmwareImage, in_order, unfinished


def test_bmcs_are_flashed_first_and_the_others_by_name() -> None:
    image = FirmwareImage("1.0", "https://provision.hall.test/firmware/x", "a" * 64)
    names = ("NIC_0", "BIOS", "HGX_FW_BMC_0", "BMC")

    assert ["BMC", "HGX_FW_BMC_0", "BIOS", "NIC_0"] == in_order(dict.fromkeys(names, image))


@pytest.mark.parametrize(
    ("runs", "staged", "now", "left"),
    [
        ("2.0", {}, False, False),
        ("1.0", {}, False, True),
        ("1.0", {"BIOS": "2.0"}, False, False),
        ("1.0", {"BIOS": "2.0"}, True, True),
        ("2.0", {"BIOS": "3.0"}, False, True),
        ("2.0", {"BIOS": "3.0"}, True, True),
    ],
)
def test_a_component_is_as_it_should_be_if_the_next_reset_leaves_it_so(
    runs: str, staged: dict[str, str], now: bool, left: bool
) -> None:
    assert (["BIOS"] if left else []) == unfinished({"BIOS": "2.0"}, {"BIOS": runs}, staged, now=now)
