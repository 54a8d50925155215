"""`argosy prices`: the table, and importing without ever losing what a person wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.cli import main
from argosy.spec.loader import LoadedFleet, load_spec

Fleet = Callable[..., LoadedFleet]
Output = pytest.CaptureFixture[str]
Argosy = Callable[..., int]

CSV = """\
instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor,flags
p5en.48xlarge,us-east-1,63.296,192,2048.0,8,H200,141.0,False,,nvidia,
p5en.48xlarge,us-east-1,21.4,192,2048.0,8,H200,141.0,True,,nvidia,
p3.2xlarge,us-east-1,3.06,8,61.0,1,V100,16.0,False,,nvidia,
"""
IMPORTED = """\
# Imported by argosy prices import-gpuhunt: gpuhunt, aws.csv, as of 2026-11-20
version: 1
prices:
  - {node_type: aws/p5en.48xlarge, region: us-east-1, capacity_type: on-demand, usd_per_hour: 63.296, \
confidence: list, source: "gpuhunt, aws.csv", as_of: 2026-11-20}
  - {node_type: aws/p5en.48xlarge, region: us-east-1, capacity_type: spot, usd_per_hour: 21.4, \
confidence: list, source: "gpuhunt, aws.csv", as_of: 2026-11-20}
"""
WRITTEN = """\
# Our contracts; ask Kari.
version: 1
prices:
  - {node_type: aws/p5en.48xlarge, region: us-east-1, capacity_type: on-demand, usd_per_hour: 40.10,
     confidence: contract, source: "Order #4711", as_of: 2026-01-01}
  - {node_type: aws/p5en.48xlarge, region: "no", capacity_type: on-demand, usd_per_hour: 65,
     confidence: list, source: "Vendor's mail: 65 USD", as_of: 2026-02-01}
  - {node_type: aws/p5en.48xlarge, region: us-east-1, capacity_type: spot, usd_per_hour: 30,
     confidence: list, source: "Last month's list", as_of: 2026-03-01}
"""
IMPORT = ("prices", "import-gpuhunt", "aws.csv", "--as-of", "2026-11-20")


@pytest.fixture
def argosy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Argosy:
    """Runs the command in the test's own folder; answers its exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["argosy", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0)

    return run


def test_an_import_writes_a_file_of_prices_and_says_what_it_left_out(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "aws.csv").write_text(CSV)

    assert 0 == argosy(*IMPORT)
    assert IMPORTED == (tmp_path / "prices.yaml").read_text()
    assert capsys.readouterr().out == (
        "prices.yaml: written; 2 prices imported, 2 in all\n"
        "left out: 1 row: not a node type of the catalogue\n"
    )


def test_an_import_is_what_a_fleet_can_read(argosy: Argosy, tmp_path: Path, fleet: Fleet) -> None:
    (tmp_path / "aws.csv").write_text(CSV)
    fleet(
        "node_type: a, capacity_type: spot, usd_per_hour: 1, confidence: list, source: b, as_of: 2026-01-01"
    )
    (tmp_path / "prices.yaml").unlink()
    assert 0 == argosy(*IMPORT)

    prices = load_spec("./dev.yaml", tmp_path).prices

    assert prices is not None
    assert ["63.296", "21.4"] == [str(price.usd_per_hour) for price in prices.prices]


def test_contracts_and_rows_of_others_stay_and_list_prices_of_the_same_are_replaced(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "aws.csv").write_text(CSV)
    (tmp_path / "prices.yaml").write_text(WRITTEN)

    assert 0 == argosy(*IMPORT)
    text = (tmp_path / "prices.yaml").read_text()

    assert text.startswith(
        "# Our contracts; ask Kari.\n# Imported by argosy prices import-gpuhunt: gpuhunt, "
    )
    assert 'usd_per_hour: 40.1, confidence: contract, source: "Order #4711", as_of: 2026-01-01' in text
    assert 'region: "no", capacity_type: on-demand, usd_per_hour: 65, ' in text
    assert "Last month's list" not in text
    assert "usd_per_hour: 21.4, " in text
    assert 4 == text.count("  - {")
    assert "" == capsys.readouterr().err


def test_importing_again_changes_nothing_and_later_only_the_day(argosy: Argosy, tmp_path: Path) -> None:
    (tmp_path / "aws.csv").write_text(CSV)
    for _ in range(2):
        assert 0 == argosy(*IMPORT)
        assert IMPORTED == (tmp_path / "prices.yaml").read_text()

    assert 0 == argosy(*IMPORT[:-1], "2026-11-21")
    assert IMPORTED.replace("2026-11-20", "2026-11-21") == (tmp_path / "prices.yaml").read_text()


def test_comments_among_the_rows_are_not_kept_which_is_said(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "aws.csv").write_text(CSV)
    (tmp_path / "prices.yaml").write_text(WRITTEN + "  # until March\n")

    assert 0 == argosy(*IMPORT)
    assert "prices.yaml: 1 comment below the opening ones not kept\n" == capsys.readouterr().err


def test_a_bad_csv_leaves_the_file_of_prices_untouched(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "aws.csv").write_text(CSV.replace("21.4", "cheap").replace("3.06", "-1"))
    (tmp_path / "prices.yaml").write_text(WRITTEN)

    assert 2 == argosy(*IMPORT)
    told = capsys.readouterr().err
    assert ["aws.csv:3:1", "aws.csv:4:1"] == [line.split()[0] for line in told.splitlines()]
    assert WRITTEN == (tmp_path / "prices.yaml").read_text()


def test_a_bad_file_of_prices_is_told_and_left_untouched(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "aws.csv").write_text(CSV)
    (tmp_path / "prices.yaml").write_text("version: 1\nprices: []\n")

    assert 2 == argosy(*IMPORT)
    assert "prices.yaml:2:9 prices: given an empty list" in capsys.readouterr().err
    assert "version: 1\nprices: []\n" == (tmp_path / "prices.yaml").read_text()


def test_a_csv_of_nothing_that_is_known_writes_nothing(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "aws.csv").write_text(CSV.replace("p5en", "m5"))

    assert 2 == argosy(*IMPORT)
    assert "(3 rows: not a node type of the catalogue)" in capsys.readouterr().err
    assert not (tmp_path / "prices.yaml").exists()


def test_more_prices_than_a_fleet_reads_are_not_written(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    header, offer = CSV.splitlines()[:2]
    offers = [offer.replace("us-east-1", f"region-{number}") for number in range(3_334)]
    (tmp_path / "aws.csv").write_text("\n".join([header, *offers]))

    assert 2 == argosy(*IMPORT)
    assert capsys.readouterr().err == (
        "prices.yaml: given 3,334 prices; expected at most 1 MB, and 3,333 prices;"
        " cut the CSV down to the regions that are used\n"
    )
    assert ["aws.csv"] == [path.name for path in tmp_path.iterdir()]


def test_a_run_that_is_stopped_leaves_the_old_file_and_nothing_else(
    argosy: Argosy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aws.csv").write_text(CSV)
    (tmp_path / "prices.yaml").write_text(WRITTEN)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", stop)

    assert 130 == argosy(*IMPORT)
    assert WRITTEN == (tmp_path / "prices.yaml").read_text()
    assert ["aws.csv", "prices.yaml"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_link_to_the_file_of_prices_stays_a_link(argosy: Argosy, tmp_path: Path) -> None:
    (tmp_path / "aws.csv").write_text(CSV)
    (tmp_path / "real.yaml").write_text(WRITTEN)
    (tmp_path / "prices.yaml").symlink_to("real.yaml")

    assert 0 == argosy(*IMPORT)
    assert (tmp_path / "prices.yaml").is_symlink()
    assert "gpuhunt" in (tmp_path / "real.yaml").read_text()


def test_a_folder_is_no_file_of_prices(argosy: Argosy, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "aws.csv").write_text(CSV)

    assert 2 == argosy(*IMPORT, "--output", ".")
    assert "given what is not a file; expected a file of prices" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "aws.csv: given a file that cannot be read (no such file or directory)"),
        (b"\xff\n", "aws.csv:1:1: given bytes that are not UTF-8"),
        (b"a\x00b\n", "aws.csv:1:1: given no column `gpu_count`"),
    ],
)
def test_a_file_that_is_no_csv_is_told_without_a_traceback(
    argosy: Argosy, tmp_path: Path, capsys: Output, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "aws.csv").write_bytes(content)

    assert 2 == argosy(*IMPORT)
    assert told in capsys.readouterr().err


def test_a_name_that_says_no_provider_needs_the_option(
    argosy: Argosy, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "offers.csv").write_text(CSV)
    words = ("prices", "import-gpuhunt", "offers.csv", "--as-of", "2026-11-20")

    assert 2 == argosy(*words)
    assert "give the provider, e.g. --provider aws" in capsys.readouterr().err
    assert 2 == argosy(*words, "--provider", "awx")
    assert "closest: 'aws'" in capsys.readouterr().err
    assert 0 == argosy(*words, "--provider", "aws")


@pytest.mark.parametrize(
    ("day", "told"), [("2999-01-01", "2999-01-01 is yet to come"), ("soon", "'soon' does not match")]
)
def test_a_day_that_has_not_been_is_refused(argosy: Argosy, capsys: Output, day: str, told: str) -> None:
    assert 2 == argosy(*IMPORT[:-1], day)
    assert told in capsys.readouterr().err


def test_the_table_shows_every_pool_and_what_is_old_on_that_day(
    argosy: Argosy, fleet: Fleet, capsys: Output
) -> None:
    fleet(usd_per_kwh="0.08")

    assert 0 == argosy("prices", "show", "./dev.yaml", "--as-of", "2026-11-20")
    lines = capsys.readouterr().out.splitlines()
    market = next(line for line in lines if line.startswith("aws-use1/market "))
    train = next(line for line in lines if line.startswith("oslo/train "))
    assert ["aws/p5en.48xlarge", "on-demand", "63.30", "63.30", "list", "2026-07-20"] == market.split()[1:7]
    assert ["metal/dgx-h200", "owned", "-", "1.02", "-", "-", "-"] == train.split()[1:]
    assert any("123 days before 2026-11-20: look it up again" in line for line in lines)

    assert 0 == argosy("prices", "show", "./dev.yaml", "--as-of", "2026-07-21")
    assert "look it up again" not in capsys.readouterr().out


def test_json_holds_the_table_the_day_and_the_warnings(argosy: Argosy, fleet: Fleet, capsys: Output) -> None:
    fleet()

    assert 0 == argosy("prices", "show", "./dev.yaml", "--json", "--as-of", "2026-11-20")
    document = json.loads(capsys.readouterr().out)
    assert ("dev", "2026-11-20") == (document["fleet"], document["as_of"])
    assert "63.3" == document["prices"]["aws-use1/market"]["usd_per_hour"]
    assert 2 == len(document["stale"])


def test_a_fleet_with_faults_is_refused(argosy: Argosy, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "dev.yaml").write_text("version: 2\n")

    assert 2 == argosy("prices", "show", "./dev.yaml")
    assert "dev.yaml:1:10 version: given 2" in capsys.readouterr().err


def test_listing_the_commands_does_not_load_pydantic() -> None:
    code = "import sys, argosy.prices.command; sys.exit(bool({'pydantic', 'ruamel.yaml'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
