#!/usr/bin/env bash
# How big the C libraries are: builds them for release with bindings/cmake and prints bytes of each
# file and of its machine code. Needs CMake and Ninja; takes some minutes.
#
#   benches/size.sh            into target/size
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/size
mkdir -p "$work"

build() { # name, options
    local name=$1
    shift
    cmake -S bindings/cmake -B "$work/$name" -G Ninja -DREFRAIN_CARGO_TARGET_DIR="$target" "$@" >/dev/null
    cmake --build "$work/$name" >&2
}

code() { # file: bytes of .text in all its sections
    size -A "$1" 2>/dev/null | awk '$1 ~ /^\.text/ { sum += $2 } END { printf "%d", sum }'
}

row() { # what, file
    printf '| %s | %d | %d |\n' "$1" "$(stat -c %s "$2")" "$(code "$2")"
}

program() { # archive
    cc -Os -Iinclude tests/packaging/consumer/decide.c "$1" -Wl,--gc-sections -s -o "$work/decide"
}

build full -DCMAKE_BUILD_TYPE=Release
cp "$target/release/librefrain.a" "$work/as-cargo-leaves-it.a"
strip -o "$work/librefrain.so" "$work/full/librefrain.so.1"
build cpu -DCMAKE_BUILD_TYPE=Release -DREFRAIN_CORE=OFF -DREFRAIN_GPU=OFF -DREFRAIN_EXPORT=OFF
strip -o "$work/librefrain-cpu.so" "$work/cpu/librefrain.so.1"
build small -DCMAKE_BUILD_TYPE=MinSizeRel -DREFRAIN_FULL=OFF

echo "$(date -u +%F), commit $(git rev-parse --short HEAD), $(rustc --version | cut -d' ' -f1,2), $(uname -m)"
echo
echo '| artifact | bytes | code |'
echo '| --- | --- | --- |'
row '`librefrain_core.a`, MinSizeRel' "$work/small/out/librefrain_core.a"
row '`librefrain_core.a`' "$work/full/out/librefrain_core.a"
row '`librefrain.a`' "$work/full/out/librefrain.a"
row 'the same as cargo leaves it, not prelinked' "$work/as-cargo-leaves-it.a"
row '`librefrain.so`, stripped' "$work/librefrain.so"
row '`librefrain.a` without GPU and export' "$work/cpu/out/librefrain.a"
row '`librefrain.so` without GPU and export, stripped' "$work/librefrain-cpu.so"
program "$work/small/out/librefrain_core.a"
row 'a program that decides, with the core (MinSizeRel), stripped' "$work/decide"
program "$work/full/out/librefrain_core.a"
row 'the same with the core (Release)' "$work/decide"
