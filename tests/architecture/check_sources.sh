#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_sources.sh <root>: holds the library's sources under <root> to the dependencies and rules of
# docs/architecture.md. Prints one line per violation, "file:line: rule: what", and returns 1
# if there is any. check_sources_test.sh shows it one violation of each kind.
#
#   spdx            the first line names the licence
#   include-guard   FUSEBOX_..._H_, after the file's path; no #pragma once
#   core-includes   the core includes the standard library, abseil, itself and the leaves src/base
#                   and src/policy, and nothing else
#   arrows          a component includes the core's public headers and its own, never another's; the
#                   admin service includes the protos too; any of them, and a program in tools, the
#                   leaf src/base, which includes the standard library, abseil and itself alone, and
#                   src/policy, what there is to know of a policy's fields, which includes
#                   fusebox/policy.h beside that. Of the library a program in tools includes no
#                   more than these and the protos; tools/policy_fields.cc, which prints what the
#                   protos are made of, also the tables in fusebox/event.h and fusebox/state.h. Files
#                   of configuration, src/config, are read by the interceptors' public headers and
#                   the protos, and by fuseboxctl too. What reads a registry's circuits may include
#                   src/readers, which is as a component. tools/fusebox_drill, which plays with the
#                   real breaker, includes the core's and the testing library's public headers
#                   beside that, and reads policies by what the admin service reads them by.
#                   src/compat, which knows gRPC, protobuf and abseil and nothing of this project,
#                   serves all of these but the core, src/base and src/policy
#   public-headers  a public header includes no private one
#   include-path    no path with "." or ".." in it
#   clock           the time is read in src/core/clock.cc alone
#   namespaces      fusebox, fusebox::internal, fusebox_testing and unnamed ones; no using-directive,
#                   no alias
#   internals       a private header declares in fusebox::internal alone, or in fusebox_testing
#   quiet           a library writes to no stream, ends no process, but in src/base/dcheck.h, and
#                   neither throws nor catches but in src/base/user_code.h and include/fusebox/run.h,
#                   and catches what yaml-cpp throws in src/config/yaml_reader.cc
#   mutex           a mutex is a Mutex, which clang's -Wthread-safety checks, and not a bare
#                   std::mutex; that and std::condition_variable stand in src/base/mutex.h alone
#   versions        what differs between versions of gRPC, protobuf, abseil, a compiler or the
#                   language is asked in src/compat/compat.h alone, in the whole tree; and what gRPC and
#                   protobuf keep to themselves, a library and a program use there alone
#   references      no text of the whole tree refers to a document that isn't in it
set -eu

if [ $# -ne 1 ] || [ ! -d "$1/include" ]; then
  echo "usage: $0 <root of the sources>" >&2
  exit 2
fi
cd "$1"

# The name of a document that was never published; not in one piece, or this file would be found.
unpublished=DESI
unpublished=${unpublished}GN
dangling=$(grep -rnwI --exclude-dir=build --exclude-dir=.git "$unpublished" . |
  sed 's/^\.\/\([^:]*:[0-9]*\):/\1: references: /')
status=0
if [ -n "$dangling" ]; then
  echo "$dangling"
  status=1
fi

# A guard of this project may have any name.
conditions=$(find . \( -name build -o -name .git \) -prune -o \( -name '*.h' -o -name '*.cc' \) -print |
  LC_ALL=C sort | sed 's/^\.\///' | grep -vx 'src/compat/compat\.h' |
  xargs -r grep -HnE '^[[:space:]]*#[[:space:]]*(el)?if(n?def)?[^A-Za-z_].*(([A-Z0-9]_|[^A-Za-z0-9_])(VERSION|RELEASE)|__GNUC|__clang_m|__cplusplus|__has_include)' |
  grep -vE ':[[:space:]]*#ifndef FUSEBOX_[A-Z0-9_]+_H_$' |
  sed 's/^\([^:]*:[0-9]*\):/\1: versions: /') || true
if [ -n "$conditions" ]; then
  echo "$conditions"
  status=1
fi

folders=include
for folder in src interceptors tools; do
  if [ -d "$folder" ]; then folders="$folders $folder"; fi
done
# Word splitting is meant: no file of this project has a space in its name.
# shellcheck disable=SC2086
files=$(find $folders -name '*.h' -o -name '*.cc' | LC_ALL=C sort)
if [ -z "$files" ]; then
  echo "$0: no sources under $1" >&2
  exit 2
fi

# shellcheck disable=SC2086  # as above
awk '
function violation(rule, what) {
  printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, what
  bad = 1
}

# Which library a path belongs to: "core", "grpc", "testing" and so on; "" for anything else.
function component_of(path) {
  sub(/^include\//, "", path)
  if (path ~ /^fusebox\/[^\/]*$/) return "core"
  if (path ~ /^fusebox\/v1\//) return "proto"
  if (path ~ /^interceptors\//) return "grpc"
  if (path ~ /^tools\/fusebox_drill\//) return "drill"
  if (path ~ /^tools\//) return "tools"
  if (path !~ /^(fusebox|src)\/[^\/]*\//) return ""
  sub(/^(fusebox|src)\//, "", path)
  sub(/\/.*/, "", path)
  return path
}

function guard_of(path) {
  sub(/^include\/fusebox\//, "", path)
  path = toupper(path)
  gsub(/[\/.]/, "_", path)
  return "FUSEBOX_" path "_"
}

# The line without comments, and with its literals emptied.
function code_of(line,    code, c, rest) {
  code = ""
  while (line != "") {
    if (in_comment) {
      c = index(line, "*/")
      if (c == 0) return code
      line = substr(line, c + 2)
      in_comment = 0
      continue
    }
    c = substr(line, 1, 1)
    rest = substr(line, 1, 2)
    if (rest == "//") return code
    if (rest == "/*") {
      in_comment = 1
      line = substr(line, 3)
      continue
    }
    # A quote after a digit separates digits.
    if (c == "\"" || (c == "\047" && code !~ /[0-9a-fA-F]$/)) {
      line = substr(line, 2)
      while (line != "" && substr(line, 1, 1) != c) {
        line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
      }
      line = substr(line, 2)
      code = code c c
      continue
    }
    code = code c
    line = substr(line, 2)
  }
  return code
}

function check_include(line,    path, angled, to) {
  path = line
  sub(/^[ \t]*#[ \t]*include[ \t]*/, "", path)
  angled = path ~ /^</
  sub(/^[<"]/, "", path)
  sub(/[>"].*/, "", path)
  if (path ~ /(^|\/)\.\.?\//) {
    violation("include-path", path)
    return
  }
  to = component_of(path)
  if (FILENAME ~ /^include\// && path ~ /^(src|interceptors)\//) {
    violation("public-headers", path)
  } else if (component == "core") {
    if (!(angled && path !~ /\//) && path !~ /^absl\// && to != "core" && to != "base" \
        && to != "policy") {
      violation("core-includes", path)
    }
  } else if (component == "base") {
    if (!(angled && path !~ /\//) && !(angled && path ~ /^sys\//) && path !~ /^absl\// \
        && to != "base") {
      violation("arrows", component " includes " path)
    }
  } else if (component == "compat") {
    if (to != "" && to != "compat") violation("arrows", component " includes " path)
  } else if (component == "tools") {
    if (to != "" && to != "tools" && to != "compat" && to != "base" && to != "policy" \
        && to != "proto" && to != "config" \
        && !(FILENAME == "tools/policy_fields.cc" && path ~ /^fusebox\/(event|state)\.h$/)) {
      violation("arrows", component " includes " path)
    }
  } else if (component == "drill") {
    if (to != "" && to != "drill" && to != "compat" && to != "tools" && to != "base" && to != "policy" \
        && to != "proto" && !((to == "core" || to == "testing") && path !~ /^src\//) \
        && path !~ /^src\/admin\/(policy_conversion|request_errors)\.h$/) {
      violation("arrows", component " includes " path)
    }
  } else if (component == "policy") {
    if (!(angled && path !~ /\//) && path !~ /^absl\// && to != "policy" && to != "base" \
        && path != "fusebox/policy.h") {
      violation("arrows", component " includes " path)
    }
  } else if (to != "" && to != component && !(to == "core" && path !~ /^src\//) \
             && !(to == "proto" && (component == "admin" || component == "config")) \
             && !(to == "grpc" && component == "config" && path ~ /^fusebox\/grpc\//) && to != "base" && to != "readers" \
             && to != "policy" && !(to == "compat" && component != "prometheus" && component != "readers") \
             && component != "testing") {
    violation("arrows", component " includes " path)
  } else if (path ~ /^src\/core\//) {
    violation("arrows", component " includes " path)
  }
}

function check_code(code,    name) {
  if (FILENAME != "src/base/mutex.h" \
      && code ~ /std::([a-z_]*mutex|lock_guard|unique_lock|scoped_lock|condition_variable)/) {
    violation("mutex", code)
  }
  if (FILENAME != "src/compat/compat.h" && code ~ /(grpc|protobuf)::internal::|internal_generated_/) {
    violation("versions", code)
  }
  if (component == "tools" || component == "drill") return  # a program may write, end, and look at the clock
  if (FILENAME != "src/core/clock.cc" && code ~ /(::now|absl::Now)[ \t]*\(/) {
    violation("clock", code)
  }
  if (code ~ /(^|[^A-Za-z0-9_])using[ \t]+namespace[ \t]/) {
    violation("namespaces", code)
  } else if (code ~ /^[ \t]*(inline[ \t]+)?namespace([ \t{]|$)/) {
    name = code
    sub(/^[ \t]*(inline[ \t]+)?namespace[ \t]*/, "", name)
    sub(/[ \t]*\{.*$/, "", name)
    if (name != "" && name !~ /^(fusebox(::internal)?|internal|fusebox_testing)$/) {
      violation("namespaces", name)
    } else if (name ~ /^(fusebox|internal)$/ && FILENAME ~ /^(src|interceptors)\/.*\.h$/) {
      violation("internals", "what a private header declares belongs in fusebox::internal")
    }
  }
  # To be called at the end ends nothing.
  gsub(/std::atexit[ \t]*\(/, "", code)
  if (code ~ /std::(cout|cerr|clog)([^A-Za-z0-9_]|$)/ \
      || (FILENAME != "src/base/dcheck.h" \
          && code ~ /(^|[^A-Za-z0-9_])[a-z]*(printf|puts|abort|exit|terminate)[ \t]*\(/) \
      || code ~ /(^|[^A-Za-z0-9_])assert[ \t]*\(/ \
      || (FILENAME != "src/base/user_code.h" && FILENAME != "include/fusebox/run.h" \
          && FILENAME != "src/config/yaml_reader.cc" \
          && code ~ /(^|[^A-Za-z0-9_])(throw|catch)([^A-Za-z0-9_]|$)/)) {
    violation("quiet", code)
  }
}

# The last line of the file before this one.
function check_end() {
  if (guard != "" && last_code !~ "^#endif  // " guard "$") {
    printf "%s:1: include-guard: must end with #endif  // %s\n", file, guard
    bad = 1
  }
}

FNR == 1 {
  check_end()
  file = FILENAME
  component = component_of(file)
  guard = file ~ /\.h$/ ? guard_of(file) : ""
  directives = 0
  in_comment = 0
  if ($0 != "// SPDX-License-Identifier: Apache-2.0") violation("spdx", $0)
}
{
  code = code_of($0)
  if (code ~ /^[ \t]*#/ && guard != "") {
    ++directives
    if ((directives == 1 && $0 != "#ifndef " guard) || (directives == 2 && $0 != "#define " guard)) {
      violation("include-guard", "must be " guard)
    }
  }
  if (code ~ /^[ \t]*#[ \t]*pragma[ \t]+once/) violation("include-guard", "#pragma once")
  if (code ~ /^[ \t]*#[ \t]*include/) check_include($0)
  check_code(code)
  if ($0 != "") last_code = $0
}
END {
  check_end()
  exit bad
}
' $files || status=$?
exit $status
