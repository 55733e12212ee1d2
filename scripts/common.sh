# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For the scripts beside it: sourced, never run.

# Everything happens at the top of the repository, from wherever a script is called.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '==> %s\n' "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

usage_error() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  printf 'Try: %s --help\n' "$0" >&2
  exit 2
}

# quietly <what> <command>...: the command's output is shown only if it fails.
quietly() {
  local what=$1 output
  shift
  say "$what"
  if ! output=$("$@" 2>&1 < /dev/null); then
    printf '%s\n' "$output" >&2
    die "failed: $what"
  fi
}

# configure <preset> [cmake argument]...
configure() {
  local preset=$1
  shift
  quietly "Configuring build/$preset" cmake --preset "$preset" "$@"
}

# build <preset> [cmake argument]...: on a terminal with ninja's progress, else without.
build() {
  local preset=$1 quiet=()
  shift
  [ -t 1 ] || quiet=(-- --quiet)
  say "Building build/$preset"
  cmake --build --preset "$preset" "$@" "${quiet[@]}" || die "failed: building build/$preset"
}
