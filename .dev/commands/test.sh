#: usage: ./dev test [PRESET] [-R REGEX] [--folders A,B,...]
#:
#: build and run the tests
#:
#:   PRESET            dev (default), release, asan, tsan or clang
#:   -R REGEX          only tests whose name matches; names look like sdk_format_test:Suite.Behaviour
#:   --folders A,B     build and run only the tests in these folders and below, for example policy,sdk/format
#:
#: Tests on real data run where ALLMENDE_REAL_DATA (default ../shared/data) exists, and say so where they are skipped.
# shellcheck shell=bash

# Turns `policy,sdk/format` into the regular expression of the test targets below these folders.
targets_of_folders() {
  local names=${1//\//_}
  echo "^(${names//,/|})(_[a-z0-9_]+)?_test\$"
}

set_sanitizer_options() {
  export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
  export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
  export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$ROOT/.dev/lsan.supp:print_suppressions=0}
  # What Debian's libraries do among themselves is not judged: they are not instrumented, so how they synchronise is not seen.
  export TSAN_OPTIONS=${TSAN_OPTIONS:-suppressions=$ROOT/.dev/tsan.supp:ignore_noninstrumented_modules=1:halt_on_error=1:second_deadlock_stack=1}
}

# What the tests that failed printed, and ctest's summary.
show_failures() {
  awk '/^ *[0-9]+\/[0-9]+ Test +#/ {shown = /\*\*\*/} /tests passed/ {shown = 1} /^ +Start +[0-9]+:/ {next} shown' "$1" | tail -n 200
}

# run_ctest PRESET ARGUMENTS...
run_ctest() {
  local preset=$1 status=0 wrapper=()
  shift
  # ThreadSanitizer's shadow memory collides with the wide address randomisation of recent kernels.
  [[ $preset == tsan ]] && setarch -R true 2>/dev/null && wrapper=(setarch -R)
  set_sanitizer_options
  local command=("${wrapper[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error
    -j "$(jobs_that_fit)" "$@")
  TAIL_LINES=0 quietly "testing \`$preset\`" "$preset-test.log" "${command[@]}" || status=$?
  if ((status == 0)); then sed -n '/tests passed/,$p' "build/log/$preset-test.log"; else show_failures "build/log/$preset-test.log"; fi
  return "$status"
}

run_command() {
  local preset=dev regex="" folders="" targets=() pattern
  while (($# > 0)); do
    case $1 in
      -R) regex=${2:?"-R needs a regular expression"} && shift 2 ;;
      --folders) folders=${2:?"--folders needs a list"} && shift 2 ;;
      *) is_preset "$1" || die "\`$1\` is neither a preset nor an option; see \`./dev test --help\`" && preset=$1 && shift ;;
    esac
  done
  need build
  [[ $preset == clang ]] && need lint
  if [[ $folders ]]; then
    configure "$preset"
    pattern=$(targets_of_folders "$folders")
    mapfile -t targets < <(ninja -C "build/$preset" -t targets all | sed -n 's/: phony$//p' | grep -E "$pattern" || true)
    ((${#targets[@]} > 0)) || die "no tests in \`$folders\`"
    regex=${regex:-${pattern%\$}:}
  fi
  build "$preset" "${targets[@]}"
  run_ctest "$preset" ${regex:+-R "$regex"}
}
