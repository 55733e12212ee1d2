#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# call_kinds_test.sh <call_work> <call_lines>: calls of each kind can be made by threads at once, and in
# turn; and another kind is refused, with the names of those that there are.
set -euo pipefail
work=$1
lines=$2

if "$lines" nosuch 1 2> /dev/null || kinds=$("$work" nosuch 1 1 2>&1); then
  echo "FAILED: a kind that there isn't is no failure"
  exit 1
fi
kinds=$(tail -n +2 <<< "$kinds")
[ "$(wc -l <<< "$kinds")" -ge 15 ] || {
  echo "FAILED: these are all kinds: $kinds"
  exit 1
}
for kind in $kinds; do
  "$work" "$kind" 2 1000
  "$lines" "$kind" 1 2 32
done
