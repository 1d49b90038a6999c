"""Files of Debian packages, which are installed if they are missing and this process may do so."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import List, Sequence


def may_install() -> bool:
    """Returns whether this process can install packages: as root, with apt-get."""
    return shutil.which('apt-get') is not None and os.geteuid() == 0


def install(packages: Sequence[str]) -> None:
    """Installs packages. The caller checks whether their files are there afterwards."""
    print(f'installing {" ".join(packages)} ...', flush=True)
    for command in (['update'], ['install', '--yes', '--no-install-recommends', *packages]):
        subprocess.run(['apt-get', '-qq', *command], stdout=subprocess.DEVNULL)


def list_files(package: str) -> List[Path]:
    """Returns the files and folders of an installed package; an empty list if it is missing."""
    if shutil.which('dpkg-query') is None:
        return []
    command = ['dpkg-query', '--listfiles', package]
    listed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [Path(line) for line in listed.stdout.splitlines()]


def package_files(packages: Sequence[str]) -> List[Path]:
    """Returns the files and folders of packages, and installs missing packages.

    Raises:
        FileNotFoundError: If a package is missing and cannot be installed.
    """
    missing = [package for package in packages if not list_files(package)]
    if missing and may_install():
        install(missing)
        missing = [package for package in missing if not list_files(package)]
    if missing:
        raise FileNotFoundError(
            f"Debian's packages are missing; install them with `apt install {' '.join(missing)}`"
        )
    return [path for package in packages for path in list_files(package)]
