"""The command line itself: what it lists, what it loads, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from argosy.errors import ArgosyError

Argosy = Callable[..., int]
Output = pytest.CaptureFixture[str]

HEAVY = ["pulumi", "pydantic", "aiohttp", "grpc", "ruamel.yaml", "rich"]


def modules_loaded_by(*words: str) -> set[str]:
    """Which of the heavy modules a run of `argosy` imports, found out in a process of its own."""
    program = (
        "import sys\n"
        "from argosy.cli import main\n"
        f"sys.argv = {['argosy', *words]!r}\n"
        "try:\n    main()\n"
        "finally:\n"
        f"    print('loaded:', *[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return set(done.stderr.splitlines()[-1].split()[1:])


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    assert set() == modules_loaded_by("--help")


def test_check_loads_no_sdk() -> None:
    assert modules_loaded_by("check", "prod") <= {"pydantic", "ruamel.yaml"}


def test_help_shows_commands_of_other_packages_with_their_own_first_line(
    argosy: Argosy, capsys: Output
) -> None:
    assert 0 == argosy("--help")
    shown = capsys.readouterr().out
    lines = {" ".join(line.split()) for line in shown.splitlines()}
    assert all(f"\n  {name} " in shown for name in ("plan", "check", "schema", "catalog", "metal", "render"))
    assert any(line.startswith("render What would be declared") for line in lines)


def test_the_version_is_the_packages(argosy: Argosy, capsys: Output) -> None:
    assert 0 == argosy("--version")
    assert capsys.readouterr().out.startswith("argosy 0.")


def test_schema_prints_a_json_schema(argosy: Argosy, capsys: Output) -> None:
    assert 0 == argosy("schema")
    assert "https://json-schema.org/draft/2020-12/schema" == json.loads(capsys.readouterr().out)["$schema"]


def test_a_mistyped_command_gets_a_suggestion_and_exit_2(argosy: Argosy, capsys: Output) -> None:
    assert 2 == argosy("chck", "prod")
    assert "Did you mean 'check'?" in capsys.readouterr().err
    assert 2 == argosy("rendr", "prod")
    assert "Did you mean 'render'?" in capsys.readouterr().err


def test_no_command_shows_the_help(argosy: Argosy, capsys: Output) -> None:
    argosy()

    assert "Usage: argosy" in "".join(capsys.readouterr())


def test_an_added_group_is_loaded_when_it_is_used(argosy: Argosy, capsys: Output) -> None:
    assert 0 == argosy("catalog", "server-types")
    assert "dgx-h200" in capsys.readouterr().out


def test_an_added_command_that_is_a_function_runs(
    argosy: Argosy, capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "added_by_a_test.py").write_text(
        '"""`argosy greet`: says hello."""\n\n\ndef greet(name: str):\n    print("hello", name)\n'
    )
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    point = EntryPoint("greet", "added_by_a_test:greet", "argosy.commands")

    def added(group: str) -> list[EntryPoint]:
        return [point] if group == "argosy.commands" else []

    monkeypatch.setattr("argosy.cli.lazy.entry_points", added)

    assert 0 == argosy("greet", "world")
    assert 0 == argosy("--help")
    assert ["hello world", "greet Says hello."] == [
        " ".join(line.split()) for line in capsys.readouterr().out.splitlines() if "hello" in line
    ]


def test_an_added_command_whose_package_is_missing_is_one_sentence(
    argosy: Argosy, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("greet", "not_installed.commands:greet", "argosy.commands")

    def added(group: str) -> list[EntryPoint]:
        return [point] if group == "argosy.commands" else []

    monkeypatch.setattr("argosy.cli.lazy.entry_points", added)

    assert 1 == argosy("greet", "world")
    assert capsys.readouterr().err.startswith(
        "argosy greet needs the Python package 'not_installed', which is not installed; install argosy with"
    )
    assert 0 == argosy("--help")


def test_a_reader_that_hangs_up_gets_no_traceback() -> None:
    program = "from argosy.cli import main; import sys; sys.argv = ['argosy', 'schema']; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait()

    assert "" == errors


def test_what_an_error_repeats_moves_no_cursor_and_keeps_its_lines(
    argosy: Argosy, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ArgosyError("owned by \x1b[2Jlab\u202e:\n  mend it")

    monkeypatch.setattr("argosy.cli.check.load_fleet", refuse)

    assert argosy("check", "small") != 0
    assert "owned by \\x1b[2Jlab\\u202e:\n  mend it\n" == capsys.readouterr().err
