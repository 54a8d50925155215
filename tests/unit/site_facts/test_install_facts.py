"""How long machines take to read their image, and how many may read at once."""

from __future__ import annotations

from fractions import Fraction

import pytest

from argosy.site_facts.defaults import default, defaults, derate_of
from argosy.site_facts.install import in_hours, install_budget, install_seconds

GB_30 = Fraction(30 * 10**9, 2**30)


def test_thirty_gigabytes_for_64_nodes_at_200_megabits_take_21_hours():
    seconds = install_seconds(GB_30, 64, 200)

    assert seconds is not None
    assert 76_800 == seconds
    assert "21.4 h" == in_hours(seconds)


def test_a_cache_of_ten_gigabits_takes_them_in_26_minutes():
    seconds = install_seconds(GB_30, 64, 10_000)

    assert seconds is not None
    assert "26 min" == in_hours(seconds)


def test_over_nothing_nothing_is_read():
    assert install_seconds(GB_30, 64, 0) is None
    assert 0 == install_seconds(GB_30, 0, 0)


@pytest.mark.parametrize(
    ("mbps", "within", "machines"), [(10_000, 2_700, 112), (200, 2_700, 2), (20, 2_700, 0)]
)
def test_so_many_machines_may_read_at_once_that_each_has_its_image_in_time(
    mbps: int, within: int, machines: int
):
    assert machines == install_budget(GB_30, mbps, within)


def test_the_machines_of_a_budget_are_done_in_time_and_one_more_is_not():
    machines = install_budget(GB_30, 10_000, 2_700)
    inside, beyond = (install_seconds(GB_30, count, 10_000) for count in (machines, machines + 1))

    assert inside is not None
    assert beyond is not None
    assert inside <= 2_700 < beyond


def test_times_are_rounded_up():
    assert "1 min" == in_hours(Fraction(1))
    assert "60 min" == in_hours(Fraction(3_599))
    assert "1 h" == in_hours(Fraction(3_600))
    assert "1.1 h" == in_hours(Fraction(3_601))


def test_every_default_has_a_source_and_our_own_choices_say_so():
    assert all(one.source for one in defaults().values())
    own = {name for name, one in defaults().items() if one.source.startswith("Argosy: its own choice")}

    assert {"control_mbps_per_node", "oob_mbps_per_server", "read_within_minutes"} == own
    assert all("estimate" == defaults()[name].confidence for name in own)


def test_breakers_are_derated_and_what_is_rated_for_continuous_load_is_not():
    assert Fraction(4, 5) == derate_of("rack-pdu") == derate_of("pdu") == derate_of("switchboard")
    assert 1 == derate_of("ups") == derate_of("generator") == derate_of("utility") == derate_of("power-shelf")


def test_a_default_that_the_file_lacks_is_an_error():
    with pytest.raises(KeyError):
        default("derate_of_nothing")
