#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# call_lines_test.sh <root of the sources>: tools/call-lines counts the lines that a core has from
# another one, of what is measured, and what of it can't be done at the same time.
set -euo pipefail
root=$1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

store() { printf ' S %x,8\n' "$1"; }
load() { printf ' L %x,8\n' "$1"; }
mark() { store $((0x10000000000 + 8 * $1)); }
# in_step <thread> <access>...: as benchmarks/call_lines.cc marks it.
in_step() {
  mark "$1"
  shift
  "$@"
  mark 0x100
}
# An own line each, one that both only read, and one that both write: the first time under a lock.
step_of() {
  store $((0x1000 + 0x40 * $1))
  load 0x2000
  if $2; then mark 0x101; fi
  load 0x3000
  store 0x3000
  if $2; then
    store 0x3044
    mark 0x102
  fi
}
{
  echo "I  04000000,4"
  store 0x3000 # before all of it
  mark 0x103
  in_step 0 step_of 0 true
  in_step 1 step_of 1 true
  mark 0x104
  for i in {1..20}; do
    in_step 0 step_of 0 "$([ "$i" -le 10 ] && echo true || echo false)"
    in_step 1 step_of 1 "$([ "$i" -le 10 ] && echo true || echo false)"
  done
  in_step 0 true
  store 0x3000 # between two steps
  mark 0x105
  in_step 1 step_of 1 true # no longer measured
  # Of one thread nothing moves; but an access may lie across the end of a line.
  mark 0x103
  mark 0x104
  in_step 0 store 0x203c
  in_step 0 load 0x2040
  mark 0x105
} > "$work/trace"
cat > "$work/expected" << END
| transfers a call, by the number of threads | 2 | 1 |
|---|---|---|
| \`$work/trace\` | 1.50 | 0 |

| ns a call that none shares, at 10 a transfer | 2 | 1 |
|---|---|---|
| \`$work/trace\` | 10 | 0 |

END
python3 -B "$root/tools/call-lines" --ns 10 --trace "$work/trace" | diff "$work/expected" -

if python3 -B "$root/tools/call-lines" --trace /dev/null > "$work/out" 2>&1; then
  echo "FAILED: a trace without marks is no failure"
  exit 1
fi
grep -q "no marks" "$work/out"
