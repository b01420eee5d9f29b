#: usage: ./dev fuzz [TARGET...] [--seconds N] [--smoke] [--reproduce FILE]
#:
#: feed the parsers garbage (libFuzzer, asan, ubsan)
#:
#:   TARGET            one of .dev/fuzzers.txt; without one, all of them in turn
#:   --seconds N       how long each runs; 60, or 10 with --smoke
#:   --smoke           first a canary that must fail, which proves that a defect would be found
#:   --reproduce FILE  run one TARGET on one input that failed before
#:
#: What the fuzzers learn is kept in build/fuzz/corpus, inputs that failed in build/fuzz/failures.
# shellcheck shell=bash

list_fuzzers() { sed 's/#.*//' .dev/fuzzers.txt | awk -F'|' 'NF > 1 {gsub(/ /, "", $1); print $1}'; }

# fuzz NAME SECONDS
fuzz() {
  local corpus=build/fuzz/corpus/$1 seeds=tests/fuzz_seeds/$1
  mkdir -p "$corpus" build/fuzz/failures
  [[ -d $seeds ]] || seeds=""
  quietly "fuzzing \`$1\` for $(duration "$2")" "fuzz-$1.log" "build/fuzz/bin/$1" -max_total_time="$2" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build/fuzz/failures/$1-" "$corpus" ${seeds:+"$seeds"} ||
    die "\`$1\` failed; \`./dev fuzz $1 --reproduce FILE\` runs it on one of: $(ls "build/fuzz/failures/$1-"* 2>/dev/null)"
  sed -n 's/^stat::number_of_executed_units: */    inputs tried: /p' "build/log/fuzz-$1.log"
}

# The canary overruns its buffer on a certain input; a harness that lets that pass would let everything pass.
check_canary() {
  say "canary: must be caught"
  mkdir -p build/log build/fuzz/failures
  if build/fuzz/bin/canary_fuzz -max_total_time=60 -artifact_prefix=build/fuzz/failures/canary- >build/log/canary.log 2>&1; then
    die "the canary ran without being caught: the fuzzers would find nothing either"
  fi
  grep -q 'ERROR: AddressSanitizer: heap-buffer-overflow' build/log/canary.log || die "the canary failed for another reason: build/log/canary.log"
  echo "    caught"
}

run_command() {
  local names=() seconds="" smoke="" input="" name
  while (($# > 0)); do
    case $1 in
      --seconds) seconds=${2:?"--seconds needs a number"} && shift 2 ;;
      --smoke) smoke=1 && shift ;;
      --reproduce) input=$(cd "$CALLER" && readlink -f "${2:?"--reproduce needs a file"}") && shift 2 ;;
      -*) die "\`$1\` is no option of fuzz; see \`./dev fuzz --help\`" ;;
      *) list_fuzzers | grep -qx "$1" || die "\`$1\` is not in .dev/fuzzers.txt" && names+=("$1") && shift ;;
    esac
  done
  ((${#names[@]} > 0)) || mapfile -t names < <(list_fuzzers)
  need build lint
  build fuzz "${names[@]}" ${smoke:+canary_fuzz}
  if [[ $input ]]; then exec "build/fuzz/bin/${names[0]}" "$input"; fi
  [[ ! $smoke ]] || check_canary
  for name in "${names[@]}"; do fuzz "$name" "${seconds:-$([[ $smoke ]] && echo 10 || echo 60)}"; done
  say "${#names[@]} fuzzers found nothing"
}
