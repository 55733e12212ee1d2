#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# help_test.sh <root of the sources> [<demo>]: every script tells what it does and how long that
# takes, and refuses what it doesn't know, without doing anything; and scripts/demo knows the flags of
# the demo.
set -euo pipefail
root=$1
demo=${2:-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Whatever would install, configure, build or run something.
for program in apt-get cmake ctest dpkg-query mmdebstrap ninja python3 sudo unshare; do
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
  [[ $name != *.sh ]] || continue  # sourced by others
  for flag in --help -h; do
    PATH="$work:$PATH" "$script" "$flag" > "$work/help" 2>&1 < /dev/null ||
      failed "scripts/$name $flag returned $?"
    grep -q "^usage: scripts/$name" "$work/help" || failed "scripts/$name $flag shows no usage"
    grep -q -i -E '(second|minute|hour)s?\b' "$work/help" ||
      failed "scripts/$name $flag doesn't say how long it takes"
  done
done
[ ! -e "$work/called" ] || failed "--help has done something: $(sort -u "$work/called")"

# refuses <part of the message> <script> [argument]...
refuses() {
  local said=$1 name=$2 code=0
  shift 2
  PATH="$work:$PATH" "$root/scripts/$name" "$@" > "$work/out" 2>&1 < /dev/null || code=$?
  [ "$code" = 2 ] || failed "scripts/$name $* returned $code"
  grep -q -F -e "$name: $said" "$work/out" || failed "scripts/$name $* doesn't say: $name: $said"
  grep -q -F -e "scripts/$name --help" "$work/out" || failed "scripts/$name $* doesn't name its help"
  [ ! -e "$work/called" ] || failed "scripts/$name $* has done something: $(sort -u "$work/called")"
  rm -f "$work/called"
}
for script in "$root"/scripts/*; do
  name=${script##*/}
  [[ $name == *.sh ]] || refuses "" "$name" --bogus
done
refuses "unknown argument: --bogus" demo --fast --bogus
refuses "--admin-port takes a port from 0 to 65535, not: 65536" demo --admin-port 65536
refuses "--metrics-port takes a port" demo --metrics-port=none
refuses "--instance needs a value" demo --instance
refuses "--seeds takes a number from 1" protection --seeds 0
refuses "--repetitions takes a number from 1" bench --short --repetitions 0
refuses "--part takes worlds, held-out or sensitivity" protection --part nosuch
refuses "either --short or --packages" reproduce --short --packages
refuses "--out needs a value" package --out
refuses "no such group: nosuch (build, test, core32, lint, fuzz, bench, profile, plot, docs, package, suites)" \
  install-deps build nosuch
refuses "no such suite: sid" test --on sid
refuses "no such part: fast" test --on trixie --part fast
refuses "--part is for --on" test --part quick
refuses "--part is for --on" test --part nosuch
refuses "--on goes with --part alone" test --on trixie --all
refuses "--on needs a value" test --on
refuses "--part needs a value" test --part ""
refuses "no such file" lint nofile.cc
refuses "no such file" lint --format-only nofile.cc
refuses "no C++ file: README.md" lint README.md

if [ -n "$demo" ]; then
  flags_of() { grep -o -E -- '^ +(-h,)?--[a-z-]+' | grep -o -E -- '--[a-z-]+' | grep -v -- --help | sort; }
  diff <("$demo" --help | flags_of) <("$root/scripts/demo" --help | flags_of) ||
    failed "the demo (<) and scripts/demo (>) know different flags"
fi
exit $((failures > 0))
