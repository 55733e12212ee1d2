// SPDX-License-Identifier: Apache-2.0
//
// Records what gRPC's throttling of retries decides: of each call in its order, whether it may be
// tried again if it failed (A or r), and - if it didn't. The class is one of the shared library's
// own.
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

namespace grpc_core {
namespace internal {

// As the library has it, as far as it is called here. It is never destroyed.
class ServerRetryThrottleData {
 public:
  ServerRetryThrottleData(uintptr_t max_milli_tokens, uintptr_t milli_token_ratio,
                          ServerRetryThrottleData* old);
  bool RecordFailure();
  void RecordSuccess();

 private:
  alignas(16) char storage_[1024];
};

}  // namespace internal
}  // namespace grpc_core

int main(int /*argc*/, char** argv) {
  std::cout << "# settings: maxTokens 10, tokenRatio 0.1, as in the proposal; each call ends "
               "before the next\n";
  grpc_core::internal::ServerRetryThrottleData* throttle = nullptr;
  std::ifstream lines(argv[1]);
  int column = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    if (line.rfind("trace ", 0) == 0) {
      std::string word;
      std::string name;
      words >> word >> name;
      std::cout << (column > 0 ? "\n" : "") << "trace " << name << '\n';
      column = 0;
      throttle = new grpc_core::internal::ServerRetryThrottleData(10'000, 100, nullptr);
    } else if (line[0] != '#') {
      if (line.back() == 'k') throttle->RecordSuccess();
      std::cout << (line.back() == 'k' ? '-' : throttle->RecordFailure() ? 'A' : 'r');
      if (++column % 100 == 0) std::cout << '\n';
      column %= 100;
    }
  }
  if (column > 0) std::cout << '\n';
}
