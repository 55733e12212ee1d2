#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# demo_test.sh <root of the sources>: scripts/demo builds the demo whatever build/release was made for
# before, keeps the tests where they are, and says how long the demo runs; `cmake --preset` has tests and
# examples again where they were left out before, and warnings as errors, which a plain cmake hasn't.
set -euo pipefail
root=$1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/build/release/examples/demo"
cp -r "$root/scripts" "$work/scripts"
printf '#!/bin/sh\necho "$*" >> "%s/cmake_calls"\n' "$work" > "$work/bin/cmake"
printf '#!/bin/sh\necho "all installed"\n' > "$work/bin/dpkg-query"
printf '#!/bin/sh\necho "apt-get was called"\nexit 1\n' > "$work/bin/apt-get"
printf '#!/bin/sh\necho "the demo runs"\n' > "$work/build/release/examples/demo/fusebox_demo"
chmod 755 "$work"/bin/* "$work/build/release/examples/demo/fusebox_demo"

failures=0
failed() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# configures <what CMakeCache.txt says> <argument>
configures() {
  rm -f "$work/cmake_calls" "$work/build/release/CMakeCache.txt"
  [ -z "$1" ] || printf '%s\n' "$1" > "$work/build/release/CMakeCache.txt"
  PATH="$work/bin:$PATH" "$work/scripts/demo" > "$work/out" 2>&1 < /dev/null ||
    failed "scripts/demo with \"$1\": $(cat "$work/out")"
  grep -q -x -e "--preset release $2" "$work/cmake_calls" ||
    failed "scripts/demo with \"$1\" has called cmake with: $(cat "$work/cmake_calls")"
  grep -q -x "the demo runs" "$work/out" || failed "scripts/demo with \"$1\" has not run the demo"
}
configures "" -DFUSEBOX_BUILD_TESTS=OFF
configures "FUSEBOX_BUILD_TESTS:BOOL=OFF" -DFUSEBOX_BUILD_TESTS=OFF
configures "FUSEBOX_BUILD_TESTS:BOOL=ON" -DFUSEBOX_BUILD_TESTS=ON

# runs <how long> [flag]...
runs() {
  local said=$1
  shift
  PATH="$work/bin:$PATH" "$work/scripts/demo" "$@" > "$work/out" 2>&1 < /dev/null || true
  grep -q -x "==> The demo runs $said" "$work/out" ||
    failed "scripts/demo $* doesn't say \"$said\": $(cat "$work/out")"
}
runs "for about a minute"
runs "for about 20 seconds" --wait --fast
runs "until SIGINT or SIGTERM" --fast --forever
runs "until SIGINT or SIGTERM" --forever --fast

for preset in release debug; do
  for part in TESTS EXAMPLES TOOLS; do
    (cd "$root" && cmake -N --preset "$preset") | grep -q "FUSEBOX_BUILD_$part=\"ON\"" ||
      failed "the preset $preset leaves FUSEBOX_BUILD_$part as it was before"
  done
done

for preset in $(cd "$root" && cmake --list-presets | sed -n 's/^ *"\(.*\)" .*/\1/p'); do
  (cd "$root" && cmake -N --preset "$preset") | grep -q 'FUSEBOX_WERROR="ON"' ||
    failed "the preset $preset has no warnings as errors"
done
# What configures this project in a way of its own.
for file in scripts/reproduce tools/test-on; do
  grep -q -e '-DFUSEBOX_WERROR=ON' "$root/$file" || failed "$file has no warnings as errors"
done
cmake -S "$root" -B "$work/plain" -DFUSEBOX_BUILD_GRPC=OFF -DFUSEBOX_BUILD_PROMETHEUS=OFF \
  -DFUSEBOX_BUILD_TESTS=OFF > "$work/out" 2>&1 || failed "a plain cmake: $(cat "$work/out")"
grep -q -x "FUSEBOX_WERROR:BOOL=OFF" "$work/plain/CMakeCache.txt" ||
  failed "a plain cmake takes warnings for errors"
exit $((failures > 0))
