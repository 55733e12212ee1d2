#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# rows_test.sh <root of the sources> <engine_benchmark> <memory_benchmark>: each row of the tables that
# tools/bench-table makes is measured, and no call is rejected that should be permitted, or the
# other way round.
set -euo pipefail
root=$1
engine=$2
memory=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$engine" --benchmark_min_time=0.001 --benchmark_format=csv > "$work/engine.csv" 2> "$work/said" || {
  cat "$work/said"
  exit 1
}
"$memory" --csv > "$work/memory.csv"
"$root/tools/bench-table" --complete "$work/engine.csv" "$work/memory.csv"
