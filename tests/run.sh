#!/usr/bin/env bash
# Runs every check of the project, the same here and in CI. Installs what is missing with apt where
# it may: a C compiler, software Vulkan (lavapipe) and its headers, validators of shaders, valgrind,
# CMake with Ninja, make and pkg-config, Mono, and Python with NumPy.
#
#   tests/run.sh          everything
#   tests/run.sh quick    without the device, the other feature sets and valgrind
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-full}

missing=()
command -v cc >/dev/null || missing+=(gcc)
command -v c++ >/dev/null || missing+=(g++)
if [ "$mode" = full ]; then
    command -v valgrind >/dev/null || missing+=(valgrind)
    command -v clang++ >/dev/null || missing+=(clang)
    ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 &&
        PATH=$PATH:/sbin ldconfig -p | grep 'libvulkan\.so\.1' >/dev/null ||
        missing+=(libvulkan1 mesa-vulkan-drivers)
    [ -e /usr/include/vulkan/vulkan.h ] || missing+=(libvulkan-dev)
    command -v spirv-val >/dev/null || missing+=(spirv-tools)
    command -v glslangValidator >/dev/null || missing+=(glslang-tools)
    for tool in cmake pkg-config make; do
        command -v $tool >/dev/null || missing+=($tool)
    done
    command -v ninja >/dev/null || missing+=(ninja-build)
    command -v mcs >/dev/null || missing+=(mono-mcs)
    /usr/bin/python3 -c 'import ensurepip, numpy, setuptools, wheel' 2>/dev/null ||
        missing+=(python3-numpy python3-setuptools python3-venv python3-wheel)
fi
if [ ${#missing[@]} -gt 0 ]; then
    sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
    if command -v apt-get >/dev/null && "${sudo[@]}" true 2>/dev/null; then
        echo "installing: ${missing[*]}"
        "${sudo[@]}" apt-get update -qq
        DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null
    else
        echo "not installed, and apt may not be used: ${missing[*]}" >&2
        exit 1
    fi
fi

say() { printf '\n== %s\n' "$*"; }

say formatting
cargo fmt --check

say clippy
cargo clippy --quiet --all-targets --features capi -- -D warnings

if [ "$mode" = full ]; then
    # Dev-dependencies switch features on, so each set is checked as a library alone.
    for set in "" alloc std kernels capi "capi std" panic-handler cpu gpu \
        "allocator cpu"; do
        say "library with features: ${set:-none}"
        cargo clippy --quiet --lib --no-default-features --features "$set" -- -D warnings
        case $set in "" | cpu | gpu)
            RUSTDOCFLAGS="-D warnings" cargo doc --quiet --lib --no-deps --no-default-features \
                --features "$set"
            ;;
        esac
    done
fi

# What tests take only where it is there: all of it, or nothing.
wish=none
[ "$mode" = full ] && wish=required
for tool in GPU VALGRIND CLANG CMAKE MONO PYTHON; do
    name=REFRAIN_$tool
    export "$name=${!name:-$wish}"
done

say documentation
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --features capi

say tests
cargo test --no-fail-fast --features capi
