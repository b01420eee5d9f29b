# What the commands of ./dev share: output, packages, configuring and building. Sourced with the project as the
# working folder; ROOT is the project, CALLER the folder the user stood in.
# shellcheck shell=bash

readonly PRESETS="dev release asan tsan clang"

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  readonly TERMINAL=1 BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' DIM=$'\e[2m' PLAIN=$'\e[0m' ERASE=$'\r\e[K'
else
  readonly TERMINAL="" BOLD="" RED="" GREEN="" DIM="" PLAIN="" ERASE=""
fi

say() { printf '%s\n' "${BOLD}==>${PLAIN} $*"; }

die() {
  printf '%s\n' "${RED}dev: $*${PLAIN}" >&2
  exit 1
}

# The usage text of a command: the lines of its file that begin with `#:`.
help_of() { sed -n 's/^#: \{0,1\}//p' ".dev/commands/$1.sh"; }

# duration SECONDS -> `7 s` or `3 min 05 s`
duration() {
  if (($1 < 60)); then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

# How many jobs fit: one a core, and about 1.5 GB of memory each, which a unit with gRPC takes under asan.
jobs_that_fit() {
  local cores memory_kb
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)
  local jobs=$((memory_kb / 1500000))
  ((jobs < 1)) && jobs=1
  ((jobs > cores)) && jobs=$cores
  echo "${ALLMENDE_JOBS:-$jobs}"
}

# Shows the last line of LOG while process PID lives: in place on a terminal, else a line every 20 seconds.
follow() {
  local log=$1 pid=$2 started=$SECONDS shown=$SECONDS line
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    line=$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c 1-90)
    if [[ $TERMINAL ]]; then
      printf '%s    %s' "$ERASE" "${DIM}$(duration $((SECONDS - started)))  $line${PLAIN}"
    elif ((SECONDS - shown >= 20)); then
      shown=$SECONDS
      printf '    %s  %s\n' "$(duration $((SECONDS - started)))" "$line"
    fi
  done
  printf '%s' "$ERASE"
}

# quietly TITLE LOG COMMAND...: runs COMMAND with its output in build/log/LOG, shows progress and the time it took;
# on failure prints the end of the log (TAIL_LINES, 60) and returns the command's status.
quietly() {
  local title=$1 log=build/log/$2 started=$SECONDS status=0
  shift 2
  mkdir -p build/log
  say "$title"
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$!
  follow "$log" "$pid"
  wait "$pid" || status=$?
  if ((status != 0)); then
    tail -n "${TAIL_LINES:-60}" "$log"
    printf '%s\n' "${RED}    failed after $(duration $((SECONDS - started))); all of it: $log${PLAIN}"
    return "$status"
  fi
  printf '%s\n' "    ${GREEN}done${PLAIN} in $(duration $((SECONDS - started)))"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "installing packages needs root; run as root, or install sudo"
  fi
}

# packages_of GROUP... -> the names that .dev/packages.txt lists under these groups
packages_of() {
  local group
  for group in "$@"; do awk -v group="$group" '$1 == group {print $2}' .dev/packages.txt; done
}

missing_packages() {
  local package
  for package in $(packages_of "$@"); do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# need GROUP...: installs what is missing of these groups; silent and quick when nothing is.
need() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return
  command -v apt-get >/dev/null || die "this is no Debian: install by hand what .dev/packages.txt lists: ${missing[*]}"
  as_root true # a password is asked for here, where the user can see the question
  quietly "reading Debian's package lists" apt-update.log as_root apt-get update -q
  quietly "installing ${#missing[@]} Debian packages (${missing[*]})" apt-install.log \
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

is_preset() { [[ " $PRESETS " == *" $1 "* ]]; }

# configure PRESET: once; afterwards the build itself notices changed CMake files.
configure() {
  [[ -f build/$1/build.ninja ]] && return
  quietly "configuring \`$1\`" "$1-configure.log" cmake --preset "$1"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  configure "$preset"
  quietly "building \`$preset\`${*:+: $*}" "$preset-build.log" ninja -C "build/$preset" -j "$(jobs_that_fit)" "$@"
}
