#: usage: ./dev matrix
#:
#: everything: all checks, the tests in every preset, all fuzzers
#:
#: Takes hours on two cores. Goes on after a failure; the table at the end shows each result, and the exit code is the
#: number of parts that failed.
# shellcheck shell=bash

run_command() {
  local parts=("lint --all" "test dev" "test release" "test clang" "test asan" "test tsan" "fuzz --smoke --seconds 60")
  local part started result table="" failed=0
  for part in "${parts[@]}"; do
    started=$SECONDS
    result=passed
    # shellcheck disable=SC2086 # a part is a command and its arguments
    ./dev $part || { result=FAILED && failed=$((failed + 1)); }
    table+=$(printf '  %-28s %-8s %s' "$part" "$result" "$(duration $((SECONDS - started)))")$'\n'
  done
  printf '\n%s' "$table"
  exit "$failed"
}
