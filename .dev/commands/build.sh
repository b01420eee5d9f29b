#: usage: ./dev build [PRESET] [TARGET...]
#:
#: build everything, or the targets named
#:
#: PRESET is dev (default), release, asan (with ubsan), tsan or clang (with thread-safety analysis).
#: Programs end up in build/PRESET/bin. A target is a folder's name with `_`: sdk/format is sdk_format.
# shellcheck shell=bash

run_command() {
  local preset=dev
  if (($# > 0)) && is_preset "$1"; then
    preset=$1
    shift
  fi
  need build
  [[ $preset == clang ]] && need lint
  build "$preset" "$@"
}
