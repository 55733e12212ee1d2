#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# progress_test.sh <root of the sources>: without a terminal, a script tells one line for each tenth of
# the way, and everything that isn't progress.
set -euo pipefail
. "$1/scripts/common.sh"

expect() {
  local what=$1 expected=$2 found=$3
  [ "$found" = "$expected" ] ||
    die "$what"$'\n'"expected:"$'\n'"$expected"$'\n'"found:"$'\n'"$found"
}

steps() {
  for ((i = 1; i <= 40; ++i)); do
    echo "[$i/40] Building CXX object $i"
    [ "$i" -ne 10 ] || printf 'FAILED: 10\nten.cc:1: error\n'
  done
}
expect "of a build" "    4 of 40 steps
    8 of 40 steps
FAILED: 10
ten.cc:1: error
    12 of 40 steps
    16 of 40 steps
    20 of 40 steps
    24 of 40 steps
    28 of 40 steps
    32 of 40 steps
    36 of 40 steps
    40 of 40 steps" "$(steps | in_tenths steps)"

tests() {
  echo " 1/4 Test  #1: one ...............   Passed    0.01 sec"
  echo " 2/4 Test #22: two ...............***Failed    0.01 sec"
  echo " 3/4 Test #33: three .............   Passed    0.01 sec"
  echo " 4/4 Test #44: four ..............***Skipped   0.01 sec"
}
expect "of tests" "    1 of 4 tests
 2/4 Test #22: two ...............***Failed    0.01 sec
    3 of 4 tests
 4/4 Test #44: four ..............***Skipped   0.01 sec" "$(tests | in_tenths tests)"
