#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Shows check_sources.sh small trees, each with one violation (or none), and expects it to find just
# that. A checker that finds nothing proves nothing until this has passed.
set -eu

checker=$(cd "$(dirname "$0")" && pwd)/check_sources.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0
failures=0

# A tree with one file, <path>, of these lines; with the licence and, in a header, the guard around
# them.
tree() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree/include/fusebox" "$work/tree/$(dirname "$1")"
  guard=FUSEBOX_$(echo "${1#include/fusebox/}" | tr 'a-z/.' 'A-Z__')_
  {
    echo '// SPDX-License-Identifier: Apache-2.0'
    case $1 in *.h) printf '#ifndef %s\n#define %s\n' "$guard" "$guard" ;; esac
    cat
    case $1 in *.h) echo "#endif  // $guard" ;; esac
  } > "$work/tree/$1"
}

# expect <rule or "nothing"> <path>, then what the checker says of the tree.
expect() {
  cases=$((cases + 1))
  status=0
  sh "$checker" "$work/tree" > "$work/found" 2>&1 || status=$?
  if [ "$1" = nothing ]; then
    if [ "$status" -eq 0 ] && [ ! -s "$work/found" ]; then return; fi
  elif [ "$status" -eq 1 ] && [ "$(wc -l < "$work/found")" -eq 1 ] &&
    grep -q "^$2:[0-9]*: $1: " "$work/found"; then
    return
  fi
  failures=$((failures + 1))
  echo "FAILED: expected $1 in $2, of:"
  sed 's/^/    /' "$work/tree/$2"
  echo "  but it returned $status and said:"
  sed 's/^/    /' "$work/found"
}

# bad <rule> <path> <line>
bad() {
  printf '%s\n' "$3" | tree "$2"
  expect "$1" "$2"
}

# good <path> <line>
good() {
  printf '%s\n' "$2" | tree "$1"
  expect nothing "$1"
}

bad core-includes include/fusebox/state.h '#include <grpcpp/grpcpp.h>'
bad core-includes include/fusebox/state.h '#include "fusebox/grpc/channel.h"'
bad core-includes src/core/state_machine.cc '#include <grpc/status.h>'
bad core-includes src/core/rules/rate.h '#include <google/protobuf/message.h>'
bad core-includes src/core/totals.cc '#include "prometheus/counter.h"'
bad core-includes src/core/totals.cc '#  include "circuit.pb.h"'
bad core-includes src/core/totals.cc '#include "interceptors/channel.h"'
bad core-includes src/core/totals.cc '#include "fusebox/testing/fake_clock.h"'
good src/core/totals.cc '#include <vector>'
good src/core/totals.cc '#include "src/base/user_code.h"'
good src/core/totals.cc '#include "src/policy/field_table.h"'
good src/core/totals.cc '#include "absl/time/time.h"'
good src/core/totals.cc '#include "src/core/rules/rate.h"'
good include/fusebox/state.h '#include "fusebox/policy.h"'

bad arrows interceptors/channel.cc '#include "src/core/state_machine.h"'
bad arrows interceptors/channel.cc '#include "src/admin/convert.h"'
bad arrows interceptors/channel.cc '#include "fusebox/admin/service.h"'
bad arrows src/admin/service.cc '#include "src/core/mutex.h"'
good src/admin/service.cc '#include "src/policy/field_table.h"'
good src/admin/service.cc '#include "src/proto/time_conversion.h"'
bad arrows interceptors/channel.cc '#include "src/proto/time_conversion.h"'
good src/policy/field_table.h '#include "fusebox/policy.h"'
good src/policy/field_table.h '#include "src/base/time_limits.h"'
bad arrows src/policy/field_table.h '#include "fusebox/event.h"'
bad arrows src/policy/field_table.h '#include "src/core/text.h"'
bad arrows src/policy/field_table.h '#include <google/protobuf/message.h>'
bad arrows src/admin/service.cc '#include "interceptors/protected_call.h"'
bad arrows src/admin/service.cc '#include "src/prometheus/collector.h"'
bad arrows src/prometheus/collector.cc '#include "src/core/mutex.h"'
bad arrows src/prometheus/collector.cc '#include "fusebox/grpc/channel.h"'
bad arrows include/fusebox/grpc/channel.h '#include "fusebox/testing/fake_clock.h"'
bad arrows interceptors/channel.cc '#include <fusebox/v1/circuit.pb.h>'
good src/admin/service.cc '#include <fusebox/v1/circuit.pb.h>'
good src/admin/service.cc '#include "src/base/utf8.h"'
good interceptors/channel.cc '#include "src/base/user_code.h"'
good tools/ctl/main.cc '#include "src/base/utf8.h"'
good tools/ctl/main.cc '#include "fusebox/v1/admin.pb.h"'
bad arrows tools/ctl/main.cc '#include "fusebox/policy.h"'
bad arrows tools/ctl/main.cc '#include "src/core/totals.h"'
bad arrows src/base/user_code.h '#include "src/core/mutex.h"'
bad arrows src/base/user_code.h '#include "src/admin/quote.h"'
bad arrows src/base/utf8.h '#include "fusebox/policy.h"'
bad arrows src/base/utf8.h '#include <grpc/status.h>'
good src/base/printable.cc '#include "src/base/utf8.h"'
good src/base/process.h '#include <sys/random.h>'
good src/core/totals.cc '#include "src/base/utf8.h"'
good interceptors/channel.cc '#include <grpcpp/channel.h>'
good interceptors/channel.cc '#include "fusebox/circuit_registry.h"'
good interceptors/channel.cc '#include "fusebox/grpc/channel.h"'
good interceptors/channel.cc '#include "interceptors/protected_call.h"'
good src/prometheus/collector.cc '#include "src/prometheus/names.h"'
good src/prometheus/collector.cc '#include "src/readers/metrics.h"'
good src/readers/metrics.cc '#include "fusebox/snapshot.h"'
bad arrows src/readers/metrics.cc '#include "src/prometheus/names.h"'
bad arrows src/readers/metrics.cc '#include "src/core/totals.h"'
bad core-includes src/core/totals.cc '#include "src/readers/metrics.h"'
bad arrows tools/ctl/main.cc '#include "src/readers/metrics.h"'
bad arrows tools/ctl/main.cc '#include "fusebox/event.h"'
good tools/policy_fields.cc '#include "fusebox/event.h"'
bad arrows tools/policy_fields.cc '#include "fusebox/circuit_breaker.h"'
good tools/fusebox_drill/play.cc '#include "fusebox/circuit_breaker.h"'
good tools/fusebox_drill/play.cc '#include "fusebox/testing/fake_clock.h"'
good tools/fusebox_drill/play.cc '#include "tools/fuseboxctl/text.h"'
good tools/fusebox_drill/play.cc '#include "src/admin/policy_conversion.h"'
bad arrows tools/fusebox_drill/play.cc '#include "src/core/state_machine.h"'
bad arrows tools/fusebox_drill/play.cc '#include "src/admin/watch.h"'
bad arrows tools/fusebox_drill/play.cc '#include "fusebox/grpc/channel.h"'
good include/fusebox/testing/batch.h '#include "fusebox/grpc/status_classifier.h"'

good interceptors/channel.cc '#include "src/compat/compat.h"'
good src/admin/service.cc '#include "src/compat/compat.h"'
good tools/ctl/main.cc '#include "src/compat/compat.h"'
good tools/fusebox_drill/play.cc '#include "src/compat/compat.h"'
bad core-includes src/core/totals.cc '#include "src/compat/compat.h"'
bad arrows src/base/utf8.h '#include "src/compat/compat.h"'
bad arrows src/policy/field_table.h '#include "src/compat/compat.h"'
bad arrows src/prometheus/collector.cc '#include "src/compat/compat.h"'
bad public-headers include/fusebox/grpc/channel.h '#include "src/compat/compat.h"'
good src/compat/compat.h '#include <grpcpp/version_info.h>'
bad arrows src/compat/compat.h '#include "src/base/utf8.h"'

bad public-headers include/fusebox/state.h '#include "src/core/state_machine.h"'
bad public-headers include/fusebox/grpc/channel.h '#include "interceptors/protected_call.h"'
bad public-headers include/fusebox/testing/batch.h '#include "src/core/mutex.h"'
bad include-path src/core/totals.cc '#include "../core/mutex.h"'
bad include-path include/fusebox/state.h '#include "./policy.h"'

bad clock src/core/totals.cc 'auto now = std::chrono::steady_clock::now();'
bad clock interceptors/channel.cc 'absl::Time now = absl::Now();'
good src/core/clock.cc 'auto now = std::chrono::steady_clock::now() + absl::Now();'
good src/core/totals.cc 'SteadyTime now = clock.Now();  // not absl::Now()'

bad namespaces include/fusebox/grpc/channel.h 'namespace fusebox::grpc {'
bad namespaces include/fusebox/grpc/channel.h '  namespace detail {'
bad namespaces src/core/totals.h 'namespace fusebox::detail {'
bad namespaces src/core/totals.cc 'inline namespace v1 {'
bad namespaces src/core/totals.cc 'using namespace std;'
bad namespaces src/core/totals.cc 'namespace pb = google::protobuf;'
good src/core/totals.cc 'namespace {'
good src/core/totals.cc 'namespace fusebox {'
good src/core/totals.h 'namespace fusebox::internal {'
good src/testing/batch.h 'namespace fusebox_testing {'
good include/fusebox/state.h 'namespace internal { class StateMachine; }'
bad internals src/core/totals.h 'namespace fusebox {'
bad internals interceptors/peer.h 'namespace fusebox {'
bad internals src/base/glob.h 'namespace internal {'
good include/fusebox/testing/batch.h 'namespace fusebox_testing { class Batch; }'

bad quiet src/core/totals.cc 'std::cout << 1;'
bad quiet src/core/totals.cc '  std::cerr << "text";'
bad quiet src/core/totals.cc 'fprintf(stderr, "text");'
bad quiet src/core/totals.cc 'if (x) std::abort();'
bad quiet src/core/totals.cc 'exit(1);'
bad quiet src/core/totals.cc 'std::atexit(Stop); std::exit(1);'
good interceptors/connector.cc 'std::atexit(Stop);'
bad quiet src/core/totals.cc 'assert(in_flight >= 0);'
good src/core/totals.cc 'FUSEBOX_DCHECK(in_flight >= 0);'
good src/core/totals.cc 'static_assert(sizeof(int) == 4);'
good src/base/dcheck.h 'std::abort();'
bad quiet src/core/totals.cc '/* a comment */ throw 1;'
bad quiet src/core/totals.cc '} catch (...) {'
good include/fusebox/run.h '} catch (...) {'
bad quiet src/base/process.h '} catch (...) {'
good src/base/user_code.h '} catch (...) {'
good src/core/totals.cc '// exit(1); throw std::cout printf( abort('
good src/core/totals.cc 'const char* s = "throw \" exit(1)";'
good src/core/totals.cc "constexpr int kMany = 1'000'000;  // it's many"
good src/core/totals.cc 'void OnExit(); bool noexcept_throw_ = false;'
printf '%s\n' '/* a comment' 'throw exit(1);' '*/ int x;' | tree src/core/totals.cc
expect nothing src/core/totals.cc
printf '%s\n' '/* a comment' '*/ throw;' | tree src/core/totals.cc
expect quiet src/core/totals.cc

bad versions src/core/totals.cc '#if GOOGLE_PROTOBUF_VERSION >= 4022000'
bad versions interceptors/channel.cc '#  elif defined(GRPC_CPP_VERSION_MINOR)'
for path in tests/core/totals_test.cc examples/shop.cc; do
  echo '#ifdef ABSL_LTS_RELEASE_VERSION' | tree "$path"
  mkdir -p "$work/tree/src"
  echo '// SPDX-License-Identifier: Apache-2.0' > "$work/tree/src/totals.cc"
  expect versions "$path"
done
bad versions src/core/totals.cc '#if __GNUC__ > 12'
bad versions src/core/totals.h '#if __cplusplus >= 202002L'
bad versions include/fusebox/grpc/channel.h '#if __has_include(<grpcpp/version_info.h>)'
bad versions interceptors/channel.cc 'grpc::internal::g_global_client_interceptor_factory = nullptr;'
good src/compat/compat.h '#if GOOGLE_PROTOBUF_VERSION >= 4022000'
good src/compat/compat.h 'grpc::internal::g_global_client_interceptor_factory = nullptr;'
good include/fusebox/version.h 'int x;'
good src/base/dcheck.h '#ifdef __clang__'
good src/base/conversion.h '#ifdef FUSEBOX_CONVERSIONS'

bad references src/core/totals.cc '// As DESI''GN R3 has it.'
tree src/core/totals.cc < /dev/null
mkdir "$work/tree/docs"
echo '# See DESI''GN, section 4.' > "$work/tree/docs/rules.md"
expect references docs/rules.md
good src/core/totals.cc '// As rule R3 has it; by DESI''GNS of its own.'

bad mutex src/core/totals.cc 'std::mutex mutex_;'
bad mutex interceptors/channel.cc '  mutable std::shared_mutex mutex_;'
bad mutex src/admin/service.cc 'const std::lock_guard<Mutex> lock(mutex_);'
bad mutex include/fusebox/prometheus/collector.h 'std::unique_lock lock(mutex_);'
bad mutex tools/ctl/main.cc 'std::condition_variable_any changed_;'
good src/base/mutex.h 'std::mutex mutex_;  std::condition_variable changed_;'
good src/core/totals.cc 'Mutex mutex_;  // a std::mutex'
good tools/ctl/main.cc 'std::cout << absl::Now();'

bad include-guard src/core/totals.cc '#pragma once'
tree include/fusebox/state.h < /dev/null
sed -i 's/FUSEBOX_STATE_H_/FUSEBOX_STATES_H_/' "$work/tree/include/fusebox/state.h"
sed -i '/endif/s/STATES/STATE/; /define/s/STATES/STATE/' "$work/tree/include/fusebox/state.h"
expect include-guard include/fusebox/state.h
tree src/core/mutex.h < /dev/null
sed -i '/define/s/SRC_//' "$work/tree/src/core/mutex.h"
expect include-guard src/core/mutex.h
tree interceptors/channel.h < /dev/null
sed -i 's/^#endif.*/#endif/' "$work/tree/interceptors/channel.h"
expect include-guard interceptors/channel.h
good src/core/rules/rate_rule.h 'int x;'

tree src/core/totals.cc < /dev/null
echo '// What it is.' > "$work/tree/src/core/totals.cc"
expect spdx src/core/totals.cc

echo "$((cases - failures)) of $cases cases passed"
[ "$failures" -eq 0 ]
