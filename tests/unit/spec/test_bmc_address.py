"""How a BMC's address is told from another one."""

import pytest

from argosy.spec.bmc_address import bmc_address

PLAIN = "https://bmc-1.hall.test"


@pytest.mark.parametrize(
    "spelling",
    [
        PLAIN,
        "HTTPS://bmc-1.hall.test",
        "https://BMC-1.Hall.Test",
        "https://bmc-1.hall.test:443",
        "https://bmc-1.hall.test:443/",
        "https://bmc-1.hall.test.",
        "https://bmc-1.hall.test//",
        "https://bmc-1.hall.test?x=1",
        "https://bmc-1.hall.test/#top",
        " https://bmc-1.hall.test ",
    ],
)
def test_a_bmc_has_one_address_however_it_is_spelt(spelling: str) -> None:
    assert bmc_address(PLAIN) == bmc_address(spelling)


@pytest.mark.parametrize(
    "other",
    [
        "https://bmc-1.hall.test:8443",
        "https://bmc-2.hall.test",
        "https://bmc-1.hall.test/a",
        "http://bmc-1.hall.test",
        "https://[bmc",
        "https://bmc-1.hall.test:no",
        "",
    ],
)
def test_another_host_port_or_path_is_another_bmc(other: str) -> None:
    assert bmc_address(PLAIN) != bmc_address(other)


def test_an_ipv6_address_may_be_written_long_or_short() -> None:
    assert bmc_address("https://[fd00:0:0::0A]:443") == bmc_address("https://[fd00::a]/")
