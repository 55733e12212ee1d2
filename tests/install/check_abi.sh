#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_abi.sh <baseline> <library> <folder of the public headers>: compares the binary interface of a
# shared library, as abidw reads it off the debug information, with the one that is kept. It may differ
# only with another soname: then a program that was linked with the library of before doesn't load this
# one, and the baseline is written anew by scripts/abi --update.
#
# The baseline is what abidw writes, compressed by xz: some 500 KB each are 40. `xz -dc` shows it.
#
# Of what is exported only namespaces `fusebox` and `fusebox_testing` count, and of types those that the
# public headers define. With FUSEBOX_UPDATE_ABI=1 in the environment the baseline is written.
#
# Returns 77 if it can't be told here: without the tools, or without debug information.
set -eu

if [ $# -ne 3 ] || [ ! -r "$2" ] || [ ! -d "$3" ]; then
  echo "usage: $0 <baseline> <library> <folder of the public headers>" >&2
  exit 2
fi
baseline=$1
library=$2
headers=$3

for tool in abidw abidiff xz; do
  command -v "$tool" > /dev/null || {
    echo "$tool is missing (Debian: abigail-tools, xz-utils)"
    exit 77
  }
done
if ! readelf -S -W "$library" | grep -q '\.debug_info'; then
  echo "$library has no debug information to read its interface off"
  exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What a compiler makes of others' templates, or inlines, as its options say.
cat > "$work/suppressions" << 'END'
[suppress_function]
  symbol_name_not_regexp = ^_ZN[rVKRO]*(7fusebox|15fusebox_testing)
  drop = yes
[suppress_variable]
  symbol_name_not_regexp = ^_Z(T[IVSC]|GV)?N[rVKRO]*(7fusebox|15fusebox_testing)
  drop = yes
END
abidw --headers-dir "$headers" --drop-private-types --suppressions "$work/suppressions" \
  --exported-interfaces-only --drop-undefined-syms --type-id-style hash --no-corpus-path \
  --no-comp-dir-path --no-show-locs --no-elf-needed --no-parameter-names --no-write-default-sizes \
  --out-file "$work/now.abi" "$library"

soname_of() { sed -n "s/^<abi-corpus .* soname='\([^']*\)'.*/\1/p" "$1"; }
if [ -z "$(soname_of "$work/now.abi")" ]; then
  echo "$library has no soname"
  exit 1
fi
if [ -n "${FUSEBOX_UPDATE_ABI-}" ]; then
  xz -9e -T 1 -c "$work/now.abi" > "$baseline"
  echo "written: $baseline, of $(soname_of "$work/now.abi")"
  exit 0
fi
if [ ! -r "$baseline" ]; then
  echo "there is no $baseline: scripts/abi --update writes it"
  exit 1
fi
xz -dc "$baseline" > "$work/kept.abi"
kept=$(soname_of "$work/kept.abi")
if [ "$kept" != "$(soname_of "$work/now.abi")" ]; then
  echo "$(soname_of "$work/now.abi") is another library than $kept, whose interface" \
    "is kept: it may differ. scripts/abi --update keeps the new one"
  exit 0
fi
if abidiff --no-unreferenced-symbols "$work/kept.abi" "$work/now.abi" > "$work/report" 2>&1; then
  echo "the interface of $kept is what it was"
  exit 0
fi
cat "$work/report"
echo "The binary interface of $kept is another one than $baseline has. With a new" \
  "minor version in include/fusebox/version.h the soname is a new one, and it may be. While this version" \
  "isn't released: scripts/abi --update"
exit 1
