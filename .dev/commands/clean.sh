#: usage: ./dev clean [PRESET...]
#:
#: delete what was built; the compiler cache stays
# shellcheck shell=bash

run_command() {
  (($# > 0)) || { rm -rf build && return; }
  local preset
  for preset in "$@"; do
    is_preset "$preset" || [[ $preset == fuzz || $preset == tidy ]] || die "there is no preset \`$preset\`"
    rm -rf "build/$preset"
  done
}
