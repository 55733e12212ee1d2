#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_exports.sh [--update] <list> <shared library>: compares the symbols that the library exports
# with those listed, which are what include/ promises. A symbol more is a promise more; a symbol less
# breaks programs that are linked already. --update writes the list anew.
#
# Weak symbols of other namespaces are left out: a compiler makes those of the standard library's
# templates, and of classes that are all header, or inlines them, as its options say. So are weak
# vtables, those of classes whose virtual functions are all in the header.
set -eu

update=
if [ "${1-}" = --update ]; then
  update=yes
  shift
fi
if [ $# -ne 2 ] || [ ! -r "$2" ]; then
  echo "usage: $0 [--update] <list> <shared library>" >&2
  exit 2
fi

found=$(mktemp)
trap 'rm -f "$found"' EXIT
# abseil's inline namespace has another name in each of its releases.
nm -D --defined-only "$2" |
  awk '$2 !~ /[WVuwv]/ || $3 ~ /^_Z(T[IS]|GV)?N[rVKRO]*(7fusebox|15fusebox_testing)/ { print $3 }' |
  c++filt | sed -E 's/absl::(debian|lts_)[0-9]+::/absl::/g' | LC_ALL=C sort -u > "$found"
if [ ! -s "$found" ]; then
  echo "$2 exports nothing" >&2
  exit 1
fi
if grep -E '^((vtable|typeinfo|typeinfo name|guard variable) for )?fusebox::internal::' "$found"; then
  echo "$2 exports these, which are not promised"
  exit 1
fi
if [ -n "$update" ]; then
  cp "$found" "$1"
  exit 0
fi
if ! diff -u "$1" "$found"; then
  echo "$2 doesn't export what $1 lists (-), or more (+). If that is meant: $0 --update $1 $2"
  exit 1
fi
