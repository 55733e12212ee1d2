// SPDX-License-Identifier: Apache-2.0
//
// The newest failures of a circuit and its newest slow calls, as far as the evidence of an opening
// tells of them (rule R9).
#ifndef FUSEBOX_SRC_CORE_EVIDENCE_LOG_H_
#define FUSEBOX_SRC_CORE_EVIDENCE_LOG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "fusebox/evidence.h"
#include "fusebox/outcome.h"

namespace fusebox::internal {

// A rule that has counted N failures is about the newest N: failures leave a run, and a window, in
// the order in which they came. So nothing has to be taken out here when a window moves on or the
// circuit changes its state.
//
// The memory is all here, and of fixed size, except for the newest failure's message, whose memory
// is used again: adding a call allocates nothing. Not thread-safe.
class EvidenceLog {
 public:
  struct Call {
    int code = 0;
    absl::string_view message;
    absl::string_view peer;
  };

  void AddFailure(const Call& call);
  void AddSlowCall(const Call& call);

  // What is known of the newest `calls`.
  Evidence OfFailures(int64_t calls) const;
  Evidence OfSlowCalls(int64_t calls) const;

 private:
  // Whom the calls in the rings name. When all places are taken, the peer that the fewest of them
  // name gives way, and those calls count as some other peer's.
  static constexpr std::size_t kPeers = 8;
  static constexpr uint8_t kNoPeer = 0xFF;
  static constexpr uint8_t kOtherPeer = 0xFE;

  class PeerText {
   public:
    PeerText() = default;
    explicit PeerText(absl::string_view peer);

    absl::string_view view() const { return {text_.data(), size_}; }

   private:
    std::array<char, kMaxPeerBytes> text_{};
    std::size_t size_ = 0;
  };

  struct Peer {
    PeerText text;
    uint8_t calls = 0;  // that name it, in both rings
  };

  struct Entry {
    uint8_t code = 0;
    uint8_t peer = kNoPeer;  // a place in peers_, or one of the two above
  };

  struct Ring {
    std::array<Entry, kMaxEvidenceCalls> entries{};
    std::size_t next = 0;

    // The newest is 0.
    const Entry& Newest(std::size_t age) const {
      return entries[(next + entries.size() - 1 - age) % entries.size()];
    }
  };

  void Add(const Call& call, Ring& ring);
  uint8_t PlaceOf(absl::string_view peer);
  void GiveUp(uint8_t place);
  Evidence Of(const Ring& ring, int64_t calls) const;

  Ring failures_;
  Ring slow_calls_;
  std::array<Peer, kPeers> peers_{};
  std::string last_message_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_EVIDENCE_LOG_H_
