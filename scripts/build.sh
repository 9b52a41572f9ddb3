# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev build [PRESET] [TARGET]…

build_command() {
  local preset=${1:-release}
  shift || true
  build "$preset" "$@"
}

# Configures a preset if that was not done yet, and builds the targets, or all.
build() {
  local preset=$1 folder=$root/build/$1
  shift
  need build
  if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
  # Ninja runs CMake again by itself when a CMakeLists.txt has changed, but knows nothing of presets.
  if [[ ! -f $folder/.configured || $root/CMakePresets.json -nt $folder/.configured ]]; then
    run cmake --preset "$preset" || return 1
    touch "$folder/.configured"
  fi
  run cmake --build --preset "$preset" ${1:+--target "$@"}
}
