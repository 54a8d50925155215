"""`argosy rates import-aiconfigurator`: from real results to a rates file, merged whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argosy.catalog import load_catalog
from argosy.errors import FleetError
from argosy.sizing.aiconfigurator import ACCELERATORS, read_results
from argosy.sizing.rates_file import merge, read_rates, render, write_rates
from argosy.spec.rates import RateSpec

from .conftest import RESULTS, Argosy, Rate

AGG, DISAGG = RESULTS / "aiconfigurator_agg.csv", RESULTS / "aiconfigurator_disagg.csv"
DAY = dt.date(2026, 11, 27)
PREDICTED = "predicted by NVIDIA aiconfigurator"

Import = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bring(argosy: Argosy, folder: Path) -> Import:
    """Imports results into rates.yaml."""

    def run(*results: Path | str, as_of: str = "2026-11-27", output: str = "rates.yaml") -> int:
        return argosy(
            *("rates", "import-aiconfigurator", *map(str, results)), "--as-of", as_of, "--output", output
        )

    return run


def edited(folder: Path, old: str, new: str, source: Path = AGG) -> Path:
    """A result with something else in it."""
    text = source.read_text()
    assert old in text
    path = folder / "edited.csv"
    path.write_text(text.replace(old, new))
    return path


def test_a_row_of_one_place_is_a_rate_at_the_latency_of_its_own(folder: Path) -> None:
    first = read_results([AGG], DAY, folder)[0]

    assert (
        RateSpec.model_validate(
            {
                "model": "Qwen/Qwen3-32B-FP8",
                "accelerator": "H200",
                "precision": "fp8",
                "input_tokens": 3000,
                "output_tokens": 500,
                "output_tokens_per_second": first.output_tokens_per_second,
                "accelerators_per_replica": 2,
                "at": "latency target",
                "ttft_ms": 841,
                "tpot_ms": 26,
                "source": f"{PREDICTED} for h200_sxm: trtllm 1.3.0rc20, tp2pp1dp1etp1ep1",
                "as_of": DAY,
            }
        )
        == first
    )
    assert "1182.951" == str(first.output_tokens_per_second)


def test_a_row_of_two_places_counts_the_accelerators_of_both(folder: Path) -> None:
    first = read_results([DISAGG], DAY, folder)[0]

    assert (8, 420, 30) == (first.accelerators_per_replica, first.ttft_ms, first.tpot_ms)
    assert first.source.endswith("5 prefill tp1pp1dp1etp1ep1, 3 decode tp1pp1dp1etp1ep1")


def test_experts_in_another_format_are_named_beside_the_dense_layers(folder: Path) -> None:
    result = edited(folder, "fp8_block,half", "w4a8_mxfp4_mxfp8,half")

    assert {"fp8+w4a8_mxfp4_mxfp8"} == {rate.precision for rate in read_results([result], DAY, folder)}


def test_every_system_is_an_accelerator_of_the_catalogue() -> None:
    assert set(ACCELERATORS.values()) <= load_catalog().accelerators.keys()


def test_what_is_written_is_read_back_the_same(bring: Import, folder: Path) -> None:
    assert 0 == bring(AGG, DISAGG)

    path = folder / "rates.yaml"
    rates = read_rates(path, folder)
    assert set(read_results([AGG, DISAGG], DAY, folder)) == set(rates)
    assert path.read_text() == render(rates)
    assert 0o644 == stat.S_IMODE(path.stat().st_mode)
    assert ["rates.yaml"] == os.listdir(folder)


def test_a_folder_stands_for_the_results_below_it(bring: Import, folder: Path) -> None:
    saved = folder / "results" / "model" / "agg"
    saved.mkdir(parents=True)
    (saved / "best_config_topn.csv").write_text(AGG.read_text())

    assert 0 == bring("results")
    assert 4 == len(read_rates(folder / "rates.yaml", folder))


def test_the_order_of_results_and_a_second_import_change_nothing(bring: Import, folder: Path) -> None:
    bring(AGG, DISAGG)
    once = (folder / "rates.yaml").read_bytes()
    bring(DISAGG, AGG)
    twice = (folder / "rates.yaml").read_bytes()
    (folder / "rates.yaml").unlink()
    bring(DISAGG)
    bring(AGG)

    assert once == twice == (folder / "rates.yaml").read_bytes()


def test_a_rate_of_the_same_is_replaced_and_others_are_kept(
    bring: Import, folder: Path, capsys: pytest.CaptureFixture[str], rate: Rate
) -> None:
    write_rates([rate(source="measured here")], folder / "rates.yaml", folder)
    bring(AGG)
    bring(edited(folder, "1182.951", "1183.5"), as_of="2026-11-26")

    assert "rates.yaml: 4 added, 0 replaced, 1 kept" in capsys.readouterr().out
    rates = read_rates(folder / "rates.yaml", folder)
    assert "measured here" in {rate.source for rate in rates}
    assert ["1183.5"] == [
        str(rate.output_tokens_per_second) for rate in rates if rate.accelerators_per_replica == 2
    ]
    assert 5 == len(rates)


def test_of_two_new_rates_of_the_same_the_higher_stays(rate: Rate) -> None:
    low, high = rate("1"), rate("2")

    assert (high,) == merge([], [low, high]).rates == merge([], [high, low]).rates


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("tokens/s/gpu,", "tokens,", "edited.csv:2:1: given no tokens/s/gpu"),
        ("1182.951", "nan", "given 'nan' for tokens/s/gpu; expected a number above 0"),
        ("1182.951", "many", "given 'many' for tokens/s/gpu"),
        ("1182.951", "0", "given '0' for tokens/s/gpu"),
        ("1182.951", "1e999999999", "for tokens/s/gpu"),
        ("1182.951", "99999999999", "edited.csv:2:1: given a output_tokens_per_second that no rate can have"),
        ("FP8,3000", "FP8,3000.5", "given '3000.5' for isl; expected a whole number above 0"),
        ("h200_sxm", "h200_sxn", "given the system 'h200_sxn'"),
        ("h200_sxm", "a30", "given the system 'a30'; expected one of a100_sxm"),
        ("Qwen/Qwen3-32B-FP8", " ", "given no model"),
        ("Qwen/Qwen3-32B-FP8", '"Qwen', "edited.csv:"),
        ("Qwen/Qwen3-32B-FP8", "Qwen\x01", "given a model that no rate can have"),
    ],
)
def test_a_bad_result_is_refused_by_line_and_leaves_the_file_as_it_was(
    bring: Import, folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, told: str
) -> None:
    bring(DISAGG)
    before = (folder / "rates.yaml").read_bytes()

    assert 2 == bring(DISAGG, edited(folder, old, new))
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert before == (folder / "rates.yaml").read_bytes()


def test_prompts_and_answers_on_two_systems_are_refused(folder: Path) -> None:
    result = edited(folder, "1.3.0rc20,h200_sxm,1", "1.3.0rc20,h100_sxm,1", DISAGG)

    with pytest.raises(FleetError, match="prompts on h100_sxm and answers on h200_sxm"):
        read_results([result], DAY, folder)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "given a file that does not exist; expected a best_config_topn.csv"),
        (b"", "given a result without rows"),
        (b"\xff\xfe", "given bytes that are not UTF-8"),
        (b"\x00", "edited.csv"),
        (b"a" * 1_000_001, "given a file of more than 1 MB"),
    ],
)
def test_what_is_no_result_is_refused(
    bring: Import, folder: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, told: str
) -> None:
    if content is not None:
        (folder / "edited.csv").write_bytes(content)

    assert 2 == bring("edited.csv")
    assert told in capsys.readouterr().err
    assert not (folder / "rates.yaml").exists()


def test_a_folder_without_a_result_is_refused(
    bring: Import, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()

    assert 2 == bring("empty")
    assert "empty: given a folder without a best_config_topn.csv" in capsys.readouterr().err


def test_every_fault_of_every_file_is_told(folder: Path) -> None:
    bad = edited(folder, "h200_sxm", "a30")

    with pytest.raises(FleetError) as refused:
        read_results([bad, folder / "missing.csv"], DAY, folder)
    assert 5 == len(refused.value.faults)


def test_an_output_that_is_no_rates_file_is_refused_and_kept(
    bring: Import, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "rates.yaml").write_text("version: 1\nprices: []\n")

    assert 2 == bring(AGG)
    assert "rates.yaml:2:1 prices" in capsys.readouterr().err
    assert "version: 1\nprices: []\n" == (folder / "rates.yaml").read_text()


def test_an_output_in_no_folder_is_refused(
    bring: Import, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == bring(AGG, output="nowhere/rates.yaml")
    assert "nowhere/rates.yaml: given a file in a folder that does not exist" in capsys.readouterr().err


def test_more_rates_than_a_fleet_can_read_are_refused(folder: Path, rate: Rate) -> None:
    with pytest.raises(FleetError, match="more than 1 MB of rates"):
        write_rates([rate(input_tokens=n + 1) for n in range(6000)], folder / "rates.yaml", folder)
    assert [] == os.listdir(folder)


def test_a_write_that_fails_leaves_the_file_and_nothing_else(
    folder: Path, rate: Rate, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "rates.yaml"
    write_rates([rate()], path, folder)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_rates([rate("9")], path, folder)
    assert (before, ["rates.yaml"]) == (path.read_bytes(), os.listdir(folder))


@pytest.mark.parametrize("day", ["2999-01-01", "27.11.2026"])
def test_a_day_to_come_or_unreadable_is_refused(bring: Import, folder: Path, day: str) -> None:
    assert 2 == bring(AGG, as_of=day)
    assert not (folder / "rates.yaml").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(text=st.text(alphabet='m"\n,\r01.e-é\u2028\x85', max_size=40), at=st.integers(0, 900))
def test_any_text_is_read_or_refused(folder: Path, text: str, at: int) -> None:
    whole = AGG.read_text()
    path = folder / "any.csv"
    path.write_bytes((whole[:at] + text + whole[at:]).encode())

    with suppress(FleetError):
        rates = merge([], read_results([path], DAY, folder)).rates
        write_rates(rates, folder / "rates.yaml", folder)
        assert rates == read_rates(folder / "rates.yaml", folder)
