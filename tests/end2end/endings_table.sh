#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# endings_table.sh check|update <docs/endings.md> <folder> <program>...: makes the table between
# that page's markers of what the cases of the test programs noted in the folder when they ran last.
#
#   check   returns 1 and shows the difference if the page has another table; 77 if some case hasn't
#           been run yet, so that there's nothing to compare
#   update  writes the page anew
#
# A row that this machine couldn't show is taken from the page as it is.
set -eu

if [ $# -lt 4 ]; then
  echo "usage: $0 check|update <page> <folder> <program>..." >&2
  exit 2
fi
command=$1 page=$2 folder=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The programs' cases of now: a file in the folder may be of one that there used to be.
for program in "$@"; do
  "$program" --gtest_list_tests | awk '
    /^[^ ]/ { suite = $1; next }
    { name = suite $1; gsub("/", "-", name); print name }' >> "$work/names"
done
while read -r name; do
  if [ ! -s "$folder/$name" ]; then
    echo "not run yet: $name" >&2
    exit 77
  fi
  cat "$folder/$name"
done < "$work/names" | sort -t '|' -k 1,1n > "$work/cells"

# A cell: number|title|kind|style|what the caller gets|what is counted. A row: the cells of an ending
# that came to the same.
awk -F '|' -v page="$page" '
  BEGIN {
    split("Sync CompletionQueue Callback Generic", styles, " ")
    split("synchronous,completion queue,callback,generic", style_words, ",")
    split("Unary ClientStream ServerStream Bidi", kinds, " ")
    split("unary,client stream,server stream,bidirectional", kind_words, ",")
    together["client stream, server stream, bidirectional"] = "streams"
    together["unary, client stream, server stream, bidirectional"] = "all kinds"
    while ((getline line < page) > 0) {
      split(line, field, / *[|] */)
      old[field[2]] = old[field[2]] line "\n"
    }
    print "| how it ends | what the caller gets | what the circuit counts | which calls |"
    print "|---|---|---|---|"
  }

  function add(list, item, separator) { return list == "" ? item : list separator item }

  # The styles of <row> in that kind, or all.
  function styles_of(row, kind,    i, count, list) {
    for (i = 1; i <= 4; ++i) {
      if (!((row, kind, styles[i]) in seen)) continue
      ++count
      list = add(list, style_words[i], ", ")
    }
    return count == 4 ? "all styles" : list
  }

  # Kinds with the same styles go together.
  function calls_of(row,    i, j, list, same, words) {
    for (i = 1; i <= 4; ++i) list[i] = styles_of(row, kinds[i])
    for (i = 1; i <= 4; ++i) {
      if (list[i] == "") continue
      same = kind_words[i]
      for (j = i + 1; j <= 4; ++j) {
        if (list[j] != list[i]) continue
        same = add(same, kind_words[j], ", ")
        list[j] = ""
      }
      if (same in together) same = together[same]
      words = add(words, same ": " list[i], "; ")
    }
    return words == "all kinds: all styles" ? "all" : words
  }

  {
    row = $1 "|" $2 "|" $5 "|" $6
    if (!(row in known)) { known[row] = ++rows; row_of[rows] = row }
    seen[row, $3, $4] = 1
  }

  END {
    for (i = 1; i <= rows; ++i) {
      split(row_of[i], field, "|")
      if (field[3] == "") { printf "%s", old[field[2]]; continue }
      print "| " field[2] " | " field[3] " | " field[4] " | " calls_of(row_of[i]) " |"
    }
  }' "$work/cells" > "$work/table"

awk -v table="$work/table" '
  /^<!-- end of the table -->$/ { inside = 0 }
  !inside { print }
  /^<!-- the table, made by the tests -->$/ {
    inside = 1
    while ((getline line < table) > 0) print line
  }' "$page" > "$work/page"

case $command in
  check)
    if diff -u "$page" "$work/page"; then exit 0; fi
    echo "$page doesn't show what calls come to; its last section says how to put it right" >&2
    exit 1
    ;;
  update) cat "$work/page" > "$page" ;;
  *)
    echo "$0: $command?" >&2
    exit 2
    ;;
esac
