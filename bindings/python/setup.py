# SPDX-License-Identifier: MIT OR Apache-2.0
"""Puts the shared library into the wheel: the file that REFRAIN_LIBRARY names, or what cargo builds of
the source tree around this folder (the decide layer, without dependencies)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent
NAMES = {"darwin": "librefrain.dylib", "win32": "refrain.dll"}
NAME = NAMES.get(sys.platform, "librefrain.so")


def library():
    given = os.environ.get("REFRAIN_LIBRARY")
    if given:
        return Path(given)
    tree, cargo = HERE.parents[1], os.environ.get("CARGO", "cargo")
    if not (tree / "Cargo.toml").exists() or shutil.which(cargo) is None:
        sys.exit(
            "refrain: there is no library to install. Install Rust (cargo) and install from the source "
            "tree, or name a built library: REFRAIN_LIBRARY=/path/to/" + NAME
        )
    target = HERE / "build" / "cargo"
    command = [cargo, "rustc", "--release", "--lib", "--crate-type", "cdylib"]
    command += ["--no-default-features", "--features", "capi,std"]
    subprocess.run(command + ["--target-dir", str(target)], cwd=tree, check=True)
    return target / "release" / NAME


class Build(build_py):
    def run(self):
        super().run()
        to = Path(self.build_lib) / "refrain"
        to.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(library(), to / NAME)


class Wheel(bdist_wheel):
    """For any Python 3 on this platform."""

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class Binary(Distribution):
    def has_ext_modules(self):
        return True


setup(distclass=Binary, cmdclass={"build_py": Build, "bdist_wheel": Wheel})
