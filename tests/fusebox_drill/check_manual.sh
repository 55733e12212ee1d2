#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_manual.sh <fusebox_drill> <its manual page>: the page has the flags that the program has.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What is further to the right is a line of text that begins with a flag.
"$1" --help | grep -o -E '^ {1,12}(-h, *)?--[a-z-]+' | grep -o -E -e '--[a-z-]+' | sort > "$work/program"
sed 's/\\-/-/g' "$2" | awk '/^\.TP$/ { getline; print }' | grep -o -E -e '--[a-z-]+' | sort > "$work/page"
[ -s "$work/program" ] || {
  echo "$1 --help shows no flag"
  exit 1
}
diff "$work/program" "$work/page" || {
  echo "the program (<) and its manual page (>) have different flags"
  exit 1
}
