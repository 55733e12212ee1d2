// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/protection/peers.h"

#include "benchmarks/protection/breakers.h"
#include "benchmarks/protection/throttles.h"

namespace fusebox_drill {

std::vector<Protection> Peers() {
  std::vector<Protection> peers = Breakers();
  for (Protection& throttle : Throttles()) peers.push_back(std::move(throttle));
  return peers;
}

}  // namespace fusebox_drill
