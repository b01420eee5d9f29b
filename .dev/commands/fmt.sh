#: usage: ./dev fmt
#:
#: lay out all C++ files as .clang-format says
# shellcheck shell=bash

run_command() {
  need lint
  git ls-files -co --exclude-standard -- '*.cc' '*.h' | xargs -r clang-format -i
  say "formatted; \`git diff --stat\` shows what changed"
}
