"""In which order components are flashed."""

from argosy_metal.lifecycle.firmware_decide import FirmwareImage, in_order


def test_bmcs_are_flashed_first_and_the_others_by_name() -> None:
    image = FirmwareImage("1.0", "https://provision.hall.test/firmware/x", "a" * 64)
    names = ("NIC_0", "BIOS", "HGX_FW_BMC_0", "BMC")

    assert ["BMC", "HGX_FW_BMC_0", "BIOS", "NIC_0"] == in_order(dict.fromkeys(names, image))
