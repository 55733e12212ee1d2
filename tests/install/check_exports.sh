#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_exports.sh <list> <shared library> <object>...: compares the symbols that the library
# exports with those listed, which are what include/ promises. A symbol more is a promise more; a symbol
# less breaks programs that are linked already. With FUSEBOX_UPDATE_DOCS=1 in the environment the list is
# written anew, which scripts/update-docs does.
#
# Of the objects that the library is made of it compares what they define in namespace `fusebox`: what is
# no part of `fusebox::internal` is for users, who can't link what isn't exported.
#
# Weak symbols of other namespaces are left out: a compiler makes those of the standard library's
# templates, and of classes that are all header, or inlines them, as its options say. So are weak
# vtables, those of classes whose virtual functions are all in the header.
set -eu

if [ $# -lt 3 ] || [ ! -r "$2" ]; then
  echo "usage: $0 <list> <shared library> <object>..." >&2
  exit 2
fi
list=$1
library=$2
shift 2

found=$(mktemp)
defined=$(mktemp)
trap 'rm -f "$found" "$defined"' EXIT

# Names as people write them, sorted. abseil's inline namespace has another name in each of its releases,
# and its string_view may be that of the standard library.
readable() {
  c++filt | sed -E -e 's/absl::(debian|lts_)[0-9]+::/absl::/g' \
    -e 's/std::basic_string_view<char, std::char_traits<char> >/absl::string_view/g' |
    LC_ALL=C sort -u
}

nm -D --defined-only "$library" |
  awk '$2 !~ /[WVuwv]/ || $3 ~ /^_Z(T[IS]|GV)?N[rVKRO]*(7fusebox|15fusebox_testing)/ { print $3 }' |
  readable > "$found"
if [ ! -s "$found" ]; then
  echo "$library exports nothing" >&2
  exit 1
fi
if grep -E '^((vtable|typeinfo|typeinfo name|guard variable) for )?fusebox::internal::' "$found"; then
  echo "$library exports these, which are not promised"
  exit 1
fi
# Functions and variables, inline ones aside. ScriptedCall is a class of src/testing, and
# fusebox_testing has no namespace for what is not promised.
nm --defined-only "$@" | awk '$2 ~ /^[TDBR]$/ { print $3 }' | readable |
  grep -E '^(fusebox|fusebox_testing)::' |
  grep -vE '^(fusebox::internal|fusebox_testing::ScriptedCall)::' > "$defined" || true
if [ ! -s "$defined" ]; then
  echo "the objects of $library define nothing for users" >&2
  exit 1
fi
if LC_ALL=C comm -13 "$found" "$defined" | grep .; then
  echo "$library doesn't export these: mark what a public header declares FUSEBOX_EXPORT, and let" \
    "everything else be in fusebox::internal"
  exit 1
fi
if [ -n "${FUSEBOX_UPDATE_DOCS-}" ]; then
  cp "$found" "$list"
  exit 0
fi
if ! diff -u "$list" "$found"; then
  echo "$library doesn't export what $list lists (-), or more (+). If that is meant: scripts/update-docs"
  exit 1
fi
