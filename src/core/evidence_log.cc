// SPDX-License-Identifier: Apache-2.0
#include "src/core/evidence_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "src/base/printable.h"
#include "src/core/canonical_code.h"

namespace fusebox::internal {
namespace {

// The most frequent first; the order among equals stays.
template <typename Count>
void SortByCount(std::vector<Count>& counts) {
  std::stable_sort(counts.begin(), counts.end(),
                   [](const Count& a, const Count& b) { return a.count > b.count; });
}

}  // namespace

EvidenceLog::PeerText::PeerText(absl::string_view peer)
    : size_(std::min(peer.size(), text_.size())) {
  std::transform(peer.begin(), peer.begin() + size_, text_.begin(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) ? c : '?';
  });
}

void EvidenceLog::AddFailure(const Call& call) {
  Add(call, failures_);
  SetPrintable(call.message, kMaxFailureMessageBytes, last_message_);
}

void EvidenceLog::AddSlowCall(const Call& call) { Add(call, slow_calls_); }

void EvidenceLog::Add(const Call& call, Ring& ring) {
  Entry& entry = ring.entries[ring.next];
  if (entry.peer < kPeers) --peers_[entry.peer].calls;
  entry.code = static_cast<uint8_t>(CanonicalCode(call.code));
  entry.peer = PlaceOf(call.peer);
  if (entry.peer < kPeers) ++peers_[entry.peer].calls;
  ring.next = (ring.next + 1) % ring.entries.size();
}

uint8_t EvidenceLog::PlaceOf(absl::string_view peer) {
  if (peer.empty()) return kNoPeer;
  const auto known_as = [&](absl::string_view text) {
    return std::find_if(peers_.begin(), peers_.end(), [&](const Peer& known) {
      return known.calls > 0 && known.text.view() == text;
    });
  };
  const auto fewer = [](const Peer& a, const Peer& b) { return a.calls < b.calls; };
  auto place = known_as(peer);  // as most are that have come before
  if (place != peers_.end()) return static_cast<uint8_t>(place - peers_.begin());
  const PeerText text(peer);
  place = known_as(text.view());
  if (place == peers_.end()) {
    place = std::min_element(peers_.begin(), peers_.end(), fewer);
    if (place->calls > 0) GiveUp(static_cast<uint8_t>(place - peers_.begin()));
    place->text = text;
  }
  return static_cast<uint8_t>(place - peers_.begin());
}

void EvidenceLog::GiveUp(uint8_t place) {
  for (Ring* const ring : {&failures_, &slow_calls_}) {
    for (Entry& entry : ring->entries) {
      if (entry.peer == place) entry.peer = kOtherPeer;
    }
  }
  peers_[place].calls = 0;
}

Evidence EvidenceLog::OfFailures(int64_t calls) const {
  Evidence evidence = Of(failures_, calls);
  if (evidence.told_apart > 0) {
    evidence.last_code = failures_.Newest(0).code;
    evidence.last_message = last_message_;
  }
  return evidence;
}

Evidence EvidenceLog::OfSlowCalls(int64_t calls) const { return Of(slow_calls_, calls); }

Evidence EvidenceLog::Of(const Ring& ring, int64_t calls) const {
  Evidence evidence;
  evidence.told_apart = std::min<int64_t>(calls, kMaxEvidenceCalls);
  std::array<int64_t, kStatusCodeCount> by_code{};
  std::array<int64_t, kPeers> by_peer{};
  for (std::size_t age = 0; age < static_cast<std::size_t>(evidence.told_apart); ++age) {
    const Entry& entry = ring.Newest(age);
    ++by_code[entry.code];
    if (entry.peer < kPeers) {
      ++by_peer[entry.peer];
    } else if (entry.peer == kOtherPeer) {
      ++evidence.other_peers;
    }
  }
  for (std::size_t code = 0; code < by_code.size(); ++code) {
    if (by_code[code] > 0) evidence.codes.push_back({static_cast<int>(code), by_code[code]});
  }
  for (std::size_t place = 0; place < kPeers; ++place) {
    if (by_peer[place] == 0) continue;
    evidence.peers.push_back({std::string(peers_[place].text.view()), by_peer[place]});
  }
  SortByCount(evidence.codes);
  SortByCount(evidence.peers);
  while (evidence.peers.size() > kMaxEvidencePeers) {
    evidence.other_peers += evidence.peers.back().count;
    evidence.peers.pop_back();
  }
  return evidence;
}

}  // namespace fusebox::internal
