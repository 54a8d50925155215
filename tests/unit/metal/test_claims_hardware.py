"""How a claim tells a server from another one behind the same BMC."""

import pytest

from argosy_metal.claims.hardware import hardware_digest

PLAIN = "https://bmc-1.hall.test"


@pytest.mark.parametrize("serial", ["sn1", " SN1 ", "S N1"])
def test_case_and_blanks_make_no_other_serial_number(serial: str) -> None:
    assert hardware_digest(PLAIN, "SN1") == hardware_digest(PLAIN, serial)


def test_bmc_and_serial_number_both_count() -> None:
    digests = {hardware_digest(bmc, serial) for bmc in (PLAIN, "https://b") for serial in ("SN1", "SN2")}

    assert 4 == len(digests)


@pytest.mark.parametrize("bmc", [None, 1, ["https://bmc"]])
def test_what_is_no_address_tells_no_hardware(bmc: object) -> None:
    assert hardware_digest(bmc, "SN1") is None


def test_an_address_that_is_no_text_of_any_language_has_a_digest_too() -> None:
    assert hardware_digest("https://\ud800", "SN1") is not None
