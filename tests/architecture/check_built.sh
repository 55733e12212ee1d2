#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_built.sh <root>: finds sources under <root> that nothing is built of. A test that is in no
# CMakeLists.txt never runs, and a function whose file is in none is declared and defined nowhere.
# Prints a line for each, and returns 1 if there is any.
#
# The CMakeLists.txt of a source's folder, or the nearest one above it, names it as from there. Or
# another one has its whole path, or as that of the folder above it; or the nearest has its stem, for a
# function that adds ".cc", or the end of its name, behind a "*" or a variable. Drivers of other
# libraries are compiled beside those alone (benchmarks/protection/recorded/record).
set -eu

if [ $# -ne 1 ] || [ ! -f "$1/CMakeLists.txt" ]; then
  echo "usage: $0 <root of the sources>" >&2
  exit 2
fi
cd "$1"

folders=
for folder in benchmarks cmake examples interceptors src tests tools; do
  if [ -d "$folder" ]; then folders="$folders $folder"; fi
done
# Word splitting is meant, here and below: no file of this project has a space in its name.
# shellcheck disable=SC2086
lists=$(find CMakeLists.txt $folders -name CMakeLists.txt -o -name '*.cmake')
status=0
# shellcheck disable=SC2086
for source in $(find $folders -path '*/recorded/drivers' -prune -o -name '*.cc' -print |
  LC_ALL=C sort); do
  folder=$(dirname "$source")
  while [ "$folder" != . ] && [ ! -f "$folder/CMakeLists.txt" ]; do
    folder=$(dirname "$folder")
  done
  list=$folder/CMakeLists.txt
  name=${source#"$folder"/}
  stem=$(basename "$source" .cc)
  # shellcheck disable=SC2086
  if grep -qE "(^|[^A-Za-z0-9_/.])$name" "$list" || grep -qE "/$source" $lists ||
    grep -qE "[.][.]/${source##*/}([^A-Za-z0-9_.]|\$)" $lists ||
    grep -qE "[^A-Za-z0-9_/.]$stem([^A-Za-z0-9_.]|\$)" "$list"; then
    continue
  fi
  if grep -qE "[*}]_${stem##*_}[.]cc" "$list"; then continue; fi
  echo "$source:1: built: no target of $list has it: name it in the SOURCES of one"
  status=1
done
exit $status
