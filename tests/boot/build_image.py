"""Builds the installer image of the boot test from Debian's packages: a kernel, busybox and curl."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent / "image"
KERNEL_PACKAGE = "linux-image-cloud-amd64"
PACKAGES = (Path(__file__).parent / "packages.txt").read_text(encoding="ascii").split()
"""Debian's packages that the test needs."""
TOOLS = (
    "libvirtd", "virtlogd", "qemu-system-x86_64", "qemu-img", "grub-mkrescue", "grub-mkstandalone", "xorriso",
    "mcopy", "mkfs.vfat", "busybox", "cpio", "curl", "depmod", "sfdisk", "gcc", "pkg-config",
)  # fmt: skip
ENVIRONMENT = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
"""Debian keeps some of the tools where a user's PATH does not lead."""
_MODULES = (
    "virtio_pci", "virtio_blk", "virtio_net", "ata_piix", "sr_mod", "isofs", "vfat", "nls_cp437", "nls_ascii",
)  # fmt: skip
_CONSOLE = "console=ttyS0 quiet panic=5"
_MEBIBYTE = 1 << 20
_ESP_MIB, _CONFIG_MIB = 64, 8
_BLOCK = b"#argosy-install-v1\n".ljust(4095, b"#") + b"\n"


def build_installer(folder: Path) -> Path:
    """An ISO file which boots by UEFI, writes a system to a disk and powers off."""
    kernel, modules = _kernel(folder)
    system = _disk(folder, kernel, _initramfs(folder, modules, "system"))
    tree = folder / "iso"
    (tree / "argosy").mkdir(parents=True)
    (tree / "boot" / "grub").mkdir(parents=True)
    shutil.copy(kernel, tree / "boot" / "vmlinuz")
    shutil.copy(_initramfs(folder, modules, "installer"), tree / "boot" / "initrd")
    shutil.move(system, tree / "argosy" / "system.raw")
    (tree / "argosy" / "install.env").write_bytes(_BLOCK)
    (tree / "boot" / "grub" / "grub.cfg").write_text(_grub_config("/boot/vmlinuz", "/boot/initrd"))
    image = folder / "installer.iso"
    _run("grub-mkrescue", "-d", "/usr/lib/grub/x86_64-efi", "-o", image, tree)
    return image


def _kernel(folder: Path) -> tuple[Path, Path]:
    """The kernel, and the folder of its modules."""
    shown = _run("apt-cache", "depends", KERNEL_PACKAGE)
    package = next(line.split()[-1] for line in shown.splitlines() if "Depends:" in line)
    _run("apt-get", "download", package, cwd=folder)
    root = folder / "kernel"
    _run("dpkg-deb", "-x", next(folder.glob(f"{package}_*.deb")), root)
    return next((root / "boot").glob("vmlinuz-*")), next((root / "lib" / "modules").iterdir())


def _initramfs(folder: Path, modules: Path, role: str) -> Path:
    root = folder / f"initramfs-{role}"
    for name in ("bin", "etc", "lib/modules", "usr/bin", "lib64"):
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(shutil.which("busybox") or "", root / "bin" / "busybox")
    for name, place in (("init", "init"), ("udhcpc", "etc/udhcpc"), (role, "role")):
        shutil.copy(SOURCES / name, root / place)
        (root / place).chmod(0o755)
    _with_libraries(Path(shutil.which("curl") or ""), root)
    _with_modules(modules, root)
    names = _run("find", ".", cwd=root)
    archive = subprocess.run(
        ["cpio", "--create", "--format=newc", "--quiet"],
        cwd=root,
        input=names.encode(),
        capture_output=True,
        check=True,
    )
    packed = folder / f"{role}.cpio.gz"
    packed.write_bytes(
        subprocess.run(["gzip", "-1"], input=archive.stdout, capture_output=True, check=True).stdout
    )
    return packed


def _with_libraries(program: Path, root: Path) -> None:
    shutil.copy(program, root / "bin" / program.name)
    for line in _run("ldd", program).splitlines():
        found = [part for part in line.split() if part.startswith("/")]
        if found:
            place = root / found[0].lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found[0], place)


def _with_modules(modules: Path, root: Path) -> None:
    target = root / "lib" / "modules" / modules.name
    target.mkdir(parents=True)
    for name in ("modules.builtin", "modules.order"):
        shutil.copy(modules / name, target / name)
    _run("depmod", "-b", modules.parents[2], modules.name)
    for module in _MODULES:
        shown = _run("modprobe", "--show-depends", "-d", modules.parents[2], "-S", modules.name, module)
        for line in shown.splitlines():
            if line.startswith("insmod"):
                source = Path(line.split()[1])
                place = target / source.relative_to(modules)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, place)
    _run("depmod", "-b", root, modules.name)


def _disk(folder: Path, kernel: Path, initrd: Path) -> Path:
    """A GPT disk: what UEFI boots, and a small partition for what the installer leaves."""
    config = folder / "grub.cfg"
    finding = "insmod part_gpt\ninsmod fat\nsearch --set=root --file /vmlinuz\n"
    config.write_text(finding + _grub_config("/vmlinuz", "/initrd"))
    loader = folder / "BOOTX64.EFI"
    _run(
        "grub-mkstandalone",
        "-d",
        "/usr/lib/grub/x86_64-efi",
        "-O",
        "x86_64-efi",
        "-o",
        loader,
        f"boot/grub/grub.cfg={config}",
    )
    system, files = _fat(folder / "esp", _ESP_MIB), {"vmlinuz": kernel, "initrd": initrd}
    _run("mmd", "-i", system, "::/EFI", "::/EFI/BOOT")
    _run("mcopy", "-i", system, loader, "::/EFI/BOOT/BOOTX64.EFI")
    for name, file in files.items():
        _run("mcopy", "-i", system, file, f"::/{name}")
    disk = folder / "system.raw"
    with disk.open("wb") as raw:
        raw.truncate((_ESP_MIB + _CONFIG_MIB + 2) * _MEBIBYTE)
    system_part = f"start=1MiB, size={_ESP_MIB}MiB, type=U"
    config_part = f"start={_ESP_MIB + 1}MiB, size={_CONFIG_MIB}MiB"
    table = f"label: gpt\n{system_part}\n{config_part}\n"
    subprocess.run(
        ["sfdisk", "--quiet", disk], env=ENVIRONMENT, input=table.encode(), check=True, capture_output=True
    )
    with disk.open("r+b") as raw:
        raw.seek(_MEBIBYTE)
        raw.write(system.read_bytes())
        raw.seek((_ESP_MIB + 1) * _MEBIBYTE)
        raw.write(_fat(folder / "config", _CONFIG_MIB).read_bytes())
    return disk


def _fat(path: Path, mebibytes: int) -> Path:
    with path.open("wb") as raw:
        raw.truncate(mebibytes * _MEBIBYTE)
    _run("mkfs.vfat", path)
    return path


def _grub_config(kernel: str, initrd: str) -> str:
    return f"set timeout=0\nmenuentry argosy {{\n  linux {kernel} {_CONSOLE}\n  initrd {initrd}\n}}\n"


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
