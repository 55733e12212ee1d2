#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_abi_test.sh <C++ compiler>: whether check_abi.sh can be trusted, by a library of its own: what
# changes its binary interface is refused, with a new soname it is let through, and so is what doesn't
# change it.
set -eu
check=$(dirname "$(readlink -f "$0")")/check_abi.sh
compiler=$1
for tool in abidw abidiff xz; do
  command -v "$tool" > /dev/null || exit 77
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include"
failures=0

# library <soname> <members of the public struct> [parameter] [body]: makes it.
library() {
  cat > "$work/include/fixture.h" << END
#include <string>
namespace fusebox {
struct Settings { $2 };
__attribute__((visibility("default"))) int Count(const Settings& settings${3:+, $3});
}
END
  cat > "$work/fixture.cc" << END
#include "fixture.h"
namespace { struct Hidden { int a; ${5-} } hidden{}; }
namespace fusebox {
int Count(const Settings& settings${3:+, $3 x}) { return settings.count + hidden.a ${4-}; }
}
END
  "$compiler" -std=c++17 -g -O1 -shared -fPIC -fvisibility=hidden -Wl,-soname,"$1" \
    -I "$work/include" -o "$work/libfixture.so" "$work/fixture.cc"
}
# expects <exit code> <part of what is said> <what it is about>
expects() {
  code=0
  sh "$check" "$work/kept.abi.xz" "$work/libfixture.so" "$work/include" > "$work/said" 2>&1 || code=$?
  if [ "$code" != "$1" ] || ! grep -q -e "$2" "$work/said"; then
    echo "FAILED: $3: returned $code, and not $1 with \"$2\":"
    cat "$work/said"
    failures=$((failures + 1))
  fi
}

library libfixture.so.0.1 "int count; std::string name;"
expects 1 "there is no .*kept.abi.xz" "no baseline"
FUSEBOX_UPDATE_ABI=1 sh "$check" "$work/kept.abi.xz" "$work/libfixture.so" "$work/include" > /dev/null
expects 0 "is what it was" "the same library"
library libfixture.so.0.1 "int count; std::string name;" "" "+ 1"
expects 0 "is what it was" "another body"
library libfixture.so.0.1 "int count; std::string name;" "" "" "double more;"
expects 0 "is what it was" "another type that no header has"
library libfixture.so.0.1 "int count; std::string name; int more;"
expects 1 "is another one than" "a member more"
expects 1 "type size changed" "a member more"
library libfixture.so.0.1 "std::string name; int count;"
expects 1 "is another one than" "members in another order"
library libfixture.so.0.1 "long count; std::string name;"
expects 1 "is another one than" "a member of another type"
library libfixture.so.0.1 "int count; std::string name;" "int"
expects 1 "is another one than" "a parameter more"
library libfixture.so.0.2 "int count; std::string name; int more;"
expects 0 "is another library than libfixture.so.0.1" "a member more, with a new soname"
FUSEBOX_UPDATE_ABI=1 sh "$check" "$work/kept.abi.xz" "$work/libfixture.so" "$work/include" > /dev/null
expects 0 "is what it was" "the new baseline"
library libfixture.so.0.2 "int count; std::string name;"
expects 1 "is another one than" "a member less than in the new baseline"
objcopy --strip-debug "$work/libfixture.so"
expects 77 "no debug information" "a library without debug information"
exit $((failures > 0))
