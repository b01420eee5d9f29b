#: usage: ./dev demo [--data DIR] [...]
#:
#: build the release and play the heavy-rain night
#:
#: Without --data it plays a simulated storm. Further arguments go to the demo; `./dev demo -- --help` shows them.
# shellcheck shell=bash

run_command() {
  [[ ${1:-} == -- ]] && shift
  need build
  build release heavy_rain allmende allmended
  cd "$CALLER" || die "the folder $CALLER is gone"
  exec "$ROOT/build/release/bin/heavy_rain" "$@"
}
