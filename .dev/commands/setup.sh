#: usage: ./dev setup [GROUP...]
#:
#: install the Debian packages that are missing
#:
#: GROUP is one of the first column of .dev/packages.txt: build (README's two commands), lint (checks and fuzzing),
#: bazel (the second build). Without one: build and lint.
# shellcheck shell=bash

run_command() {
  local groups=("${@:-build}") group
  (($# == 0)) && groups=(build lint)
  for group in "${groups[@]}"; do
    [[ -n $(packages_of "$group") ]] || die "there is no group \`$group\` in .dev/packages.txt"
  done
  need "${groups[@]}"
  say "all packages of ${groups[*]} are installed"
}
