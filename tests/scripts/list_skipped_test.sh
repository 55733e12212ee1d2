#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# list_skipped_test.sh <root of the sources>: tools/list-skipped gives each skipped test its reason.
set -euo pipefail
root=$1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/tests.xml" << 'XML'
<testsuite>
  <testcase name="passed" status="run"><system-out>all well</system-out></testcase>
  <testcase name="suite.one" status="notrun"><skipped message=""/><system-out>[ RUN      ] One
one_test.cc:55: Skipped
needs the program
openssl

[  SKIPPED ] One (0 ms)</system-out></testcase>
  <testcase name="suite.two" status="notrun"><skipped message=""/><system-out>[ RUN      ] Two
two_test.cc:5: Skipped
needs the program openssl

[  SKIPPED ] Two (0 ms)</system-out></testcase>
  <testcase name="script" status="notrun"><skipped message=""/><system-out>looking
there is no promtool
</system-out></testcase>
  <testcase name="silent" status="notrun"><skipped message=""/></testcase>
</testsuite>
XML
cat > "$work/expected" << 'END'
    skipped: needs the program openssl:
        suite.one
        suite.two
    skipped: says no reason:
        silent
    skipped: there is no promtool:
        script
    4 tests were skipped
END
python3 -B "$root/tools/list-skipped" "$work/tests.xml" | diff "$work/expected" -
