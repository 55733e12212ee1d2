// SPDX-License-Identifier: Apache-2.0
//
// What opened a circuit, beyond the rule: which status codes the failures had, and who answered
// with them.
//
//   fusebox::CircuitRegistry::Options options;
//   options.listener = [](const fusebox::Event& event) {
//     if (!event.evidence) return;
//     std::clog << event.detail << ": " << fusebox::EvidenceText(*event.evidence) << "\n";
//   };
//
// writes "5 failures in a row >= 5: 4 UNAVAILABLE, 1 DEADLINE_EXCEEDED; 4 of them from
// 10.0.0.7:50051, 1 from 10.0.0.8:50051".
#ifndef FUSEBOX_EVIDENCE_H_
#define FUSEBOX_EVIDENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/export.h"

namespace fusebox {

// The most calls of one opening that are told apart, and the most peers that are named. Together
// with kMaxPeerBytes and kMaxFailureMessageBytes (fusebox/outcome.h) they bound what an opening
// keeps, whatever the size of the window.
inline constexpr std::size_t kMaxEvidenceCalls = 64;
inline constexpr std::size_t kMaxEvidencePeers = 4;

// How many calls had that status code.
struct CodeCount {
  int code = 0;  // 0 to 16, see kStatusCodeCount
  int64_t count = 0;
};

// How many calls that peer answered.
struct PeerCount {
  std::string peer;  // see Outcome::peer
  int64_t count = 0;
};

// What is known of the calls that a rule has counted when it opened a circuit. A plain value.
struct Evidence {
  // How many the rule has counted: the failures of the run (`consecutive_failures`), of the window
  // (`failures_in_window`, `failure_rate`) or of the probes; the slow calls, for the slow-call
  // rules; the calls that hang, for `hung_calls` and a probe's timeout.
  int64_t calls = 0;

  // How many of those, the newest ones, the counts below are about: all of them up to
  // kMaxEvidenceCalls. 0 for calls that hang, since they have neither a status nor a peer.
  int64_t told_apart = 0;

  // By status code, the most frequent first. The counts add up to `told_apart`. A call that was
  // made a failure by its slowness, or is counted as slow alone, may have the code 0, OK.
  std::vector<CodeCount> codes;

  // By peer, the most frequent first, at most kMaxEvidencePeers; `other_peers` is how many
  // calls had another one. Calls without a peer are in neither.
  std::vector<PeerCount> peers;
  int64_t other_peers = 0;

  // Of failures: the newest one's code and message. For slow calls, and those that hang, 0 and
  // empty.
  int last_code = 0;
  std::string last_message;  // cut to kMaxFailureMessageBytes

  // For calls that hang: how long they had been out at least. Else 0.
  absl::Duration age = absl::ZeroDuration();
};

// In words, without the message; empty if nothing is known. "4 UNAVAILABLE; 3 of them from a:1, 1
// from others"; "12 calls without a status after 10s". A peer that is a list is in brackets.
FUSEBOX_EXPORT std::string EvidenceText(const Evidence& evidence);

}  // namespace fusebox

#endif  // FUSEBOX_EVIDENCE_H_
