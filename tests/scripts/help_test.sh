#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# help_test.sh <root of the sources> [<demo>]: every script tells what it does and how long that
# takes, without doing anything; and scripts/demo knows the flags of the demo.
set -euo pipefail
root=$1
demo=${2:-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Whatever would install, configure, build or run something.
for program in apt-get cmake ctest dpkg-query ninja python3 sudo; do
  printf '#!/bin/sh\necho "%s was called" >> "%s/called"\nexit 1\n' "$program" "$work" > "$work/$program"
  chmod 755 "$work/$program"
done

failures=0
failed() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

for script in "$root"/scripts/*; do
  name=${script##*/}
  [ "$name" != common.sh ] || continue
  for flag in --help -h; do
    PATH="$work:$PATH" "$script" "$flag" > "$work/help" 2>&1 < /dev/null ||
      failed "scripts/$name $flag returned $?"
    grep -q "^usage: scripts/$name" "$work/help" || failed "scripts/$name $flag shows no usage"
    grep -q -i -E '(second|minute|hour)s?\b' "$work/help" ||
      failed "scripts/$name $flag doesn't say how long it takes"
  done
done
[ ! -e "$work/called" ] || failed "--help has done something: $(sort -u "$work/called")"

if [ -n "$demo" ]; then
  flags_of() { grep -o -E -- '^ +(-h,)?--[a-z-]+' | grep -o -E -- '--[a-z-]+' | grep -v -- --help | sort; }
  diff <("$demo" --help | flags_of) <("$root/scripts/demo" --help | flags_of) ||
    failed "the demo (<) and scripts/demo (>) know different flags"
fi
exit $((failures > 0))
