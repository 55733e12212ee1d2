// SPDX-License-Identifier: Apache-2.0
//
// Any requests in any order, see admin_world.h.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/admin_world.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, std::size_t size) {
  constexpr int kMaxSteps = 40;
  FuzzedDataProvider data(bytes, size);
  fusebox_testing::AdminWorld world(data);
  for (int step = 0; step < kMaxSteps && data.remaining_bytes() > 0; ++step) world.Step();
  return 0;
}
