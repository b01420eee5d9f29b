#: usage: ./dev lint [--all]
#:
#: check layout, arrows between folders, scripts, and clang-tidy's list
#:
#: clang-tidy reads the files changed since origin/main (or since the last commit), at most 40; with --all, every file.
# shellcheck shell=bash

check_format() {
  say "layout (clang-format)"
  git ls-files -co --exclude-standard -- '*.cc' '*.h' | xargs -r clang-format --dry-run -Werror ||
    die "\`./dev fmt\` mends the layout"
}

check_scripts() {
  say "scripts (shellcheck)"
  git ls-files -co --exclude-standard | while read -r file; do
    [[ -f $file ]] || continue
    if [[ $file == *.sh || $(head -c 20 "$file" | tr -d '\0') == '#!'*bash* ]]; then echo "$file"; fi
  done | xargs -r shellcheck -x
}

check_arrows() {
  build dev tests_arrows_test
  build/dev/bin/tests_arrows_test --gtest_brief=1
}

# The .cc files to read: all, or those that differ from where this branch left origin/main, else from the last commit.
files_to_tidy() {
  if [[ $1 == all ]]; then
    git ls-files -co --exclude-standard -- '*.cc'
    return
  fi
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  [[ $base && $base != $(git rev-parse HEAD) ]] || base=$(git rev-parse -q --verify HEAD~1 || git rev-parse HEAD)
  {
    git diff --name-only --diff-filter=d "$base" -- '*.cc'
    git ls-files -o --exclude-standard -- '*.cc'
  } | sort -u
}

# So many files take about five minutes on two cores; a change is rarely larger, and `--all` has no bound.
readonly TIDY_FILES_MAX=40

# The files named, those of the latest commits first.
newest_first() {
  local file
  for file in "$@"; do printf '%s %s\n' "$(git log -1 --format=%ct -- "$file")" "$file"; done | sort -k1,1nr -k2 | cut -d' ' -f2
}

check_tidy() {
  local files generated
  mapfile -t files < <(files_to_tidy "$1")
  # Files of the fuzzers are compiled in their own preset only.
  mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v '_fuzz\.cc$')
  [[ ${files[*]} ]] || return 0
  if [[ $1 != all ]] && ((${#files[@]} > TIDY_FILES_MAX)); then
    say "${#files[@]} files changed: clang-tidy reads the $TIDY_FILES_MAX changed last; \`./dev lint --all\` reads them all"
    mapfile -t files < <(newest_first "${files[@]}" | head -n "$TIDY_FILES_MAX")
  fi
  configure tidy
  mapfile -t generated < <(ninja -C build/tidy -t targets all | sed -n 's/^\(gen\/.*\.pb\.h\): .*/\1/p')
  ((${#generated[@]} == 0)) || quietly "generating protobuf headers" tidy-build.log ninja -C build/tidy "${generated[@]}"
  quietly "static checks (clang-tidy) of ${#files[@]} files" tidy.log \
    xargs -P "$(jobs_that_fit)" -n 1 -a <(printf '%s\n' "${files[@]}") clang-tidy -p build/tidy --quiet
}

run_command() {
  local which=changed
  [[ ${1:-} == --all ]] && which=all && shift
  (($# == 0)) || die "\`$1\` is no option of lint; see \`./dev lint --help\`"
  need build lint
  check_format
  check_scripts
  check_arrows
  check_tidy "$which"
  say "nothing to mend"
}
