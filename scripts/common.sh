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

# in_tenths <what is counted>: passes on what ninja or ctest says, except for its lines of progress and
# those of tests that passed: in their place comes one in each tenth of the way, or each minute. So
# whoever has no terminal sees that it goes on, and yet no thousands of lines.
in_tenths() {
  local what=$1 line told=0 told_at=$SECONDS reached all
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ||
      $line =~ ^\ *([0-9]+)/([0-9]+)\ Test\ +#.*\ Passed\  ]]; then
      reached=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
      if ((reached * 10 / all > told || SECONDS - told_at >= 60)); then
        told=$((reached * 10 / all))
        told_at=$SECONDS
        printf '    %s of %s %s\n' "$reached" "$all" "$what"
      fi
    else
      printf '%s\n' "$line"
    fi
  done
}

# build <preset> [cmake argument]...: on a terminal with ninja's progress, else a line for each tenth.
build() {
  local preset=$1
  shift
  say "Building build/$preset"
  if [ -t 1 ]; then
    cmake --build --preset "$preset" "$@" || die "failed: building build/$preset"
  else
    NINJA_STATUS='[%f/%t] ' cmake --build --preset "$preset" "$@" 2>&1 < /dev/null |
      in_tenths "steps" || die "failed: building build/$preset"
  fi
}

# fusebox_version: as include/fusebox/version.h has it.
fusebox_version() {
  sed -n 's/^#define FUSEBOX_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' include/fusebox/version.h |
    paste -s -d .
}
