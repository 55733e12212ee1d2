#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Shows check_built.sh a small tree, and expects it to find just what is in no list.
set -eu

checker=$(cd "$(dirname "$0")" && pwd)/check_built.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p src/core tests/core/rules tests/end2end examples tools/ctl
echo 'library(core SOURCES src/core/clock.cc)' > CMakeLists.txt
echo 'test(core_test SOURCES policy_test.cc rules/rate_test.cc ROOT/tests/end2end/certificate.cc)' \
  > tests/core/CMakeLists.txt
echo 'test(end2end_test SOURCES echo_test.cc)' > tests/end2end/CMakeLists.txt
echo 'example(sync_client)' > examples/CMakeLists.txt
echo 'file(GLOB commands "*_command.cc")' > tools/ctl/CMakeLists.txt
good='src/core/clock.cc tests/core/policy_test.cc tests/core/rules/rate_test.cc
  tests/end2end/certificate.cc tests/end2end/echo_test.cc examples/sync_client.cc
  tools/ctl/list_command.cc'
# Of another folder's name; the end of another's; its stem alone.
bad='examples/client.cc src/core/lock.cc src/core/policy.cc tests/core/rules/policy_test.cc
  tests/end2end/policy_test.cc tools/ctl/main.cc'
for file in $good $bad; do echo '// SPDX-License-Identifier: Apache-2.0' > "$file"; done

status=0
sh "$checker" . > found || status=$?
# shellcheck disable=SC2086  # one line for each
printf '%s\n' $bad > expected
sed 's/:.*//' found | diff -u expected - || status=2
[ "$status" -eq 1 ]
