#: usage: ./dev bench [NAME...]
#:
#: build the release and print the benchmarks' tables, side by side in one run
#:
#: NAME is one of .dev/benchmarks.txt; without one, all of them run.
# shellcheck shell=bash

list_benchmarks() { sed 's/#.*//' .dev/benchmarks.txt | awk 'NF'; }

machine() {
  printf '%s, %s cores, %s GB of memory, %s, %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    "$(nproc)" "$(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)" "$(uname -sr)" "$(git describe --always --dirty 2>/dev/null || echo 'no commit')"
}

run_command() {
  local names=("$@") name line started
  (($# > 0)) || mapfile -t names < <(list_benchmarks | awk '{print $1}')
  ((${#names[@]} > 0)) || die ".dev/benchmarks.txt lists none"
  need build
  build release allmende allmended "${names[@]}"
  say "$(machine)"
  for name in "${names[@]}"; do
    line=$(list_benchmarks | awk -v name="$name" '$1 == name') || true
    [[ $line ]] || die "\`$name\` is not in .dev/benchmarks.txt"
    say "$name"
    started=$SECONDS
    # shellcheck disable=SC2086 # a line is a program and its arguments
    (cd build/release && exec bin/$line) || die "\`$name\` failed"
    echo "    took $(duration $((SECONDS - started)))"
  done
}
