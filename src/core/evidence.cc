// SPDX-License-Identifier: Apache-2.0
#include "fusebox/evidence.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/base/counted.h"
#include "src/base/text.h"

namespace fusebox {

using internal::Counted;
using internal::DurationText;

namespace {

std::string CodesText(const Evidence& evidence) {
  std::string codes =
      absl::StrJoin(evidence.codes, ", ", [](std::string* text, const CodeCount& code) {
        const auto name = static_cast<absl::StatusCode>(code.code);
        absl::StrAppend(text, code.count, " ", absl::StatusCodeToString(name));
      });
  if (evidence.told_apart == evidence.calls) return codes;
  return absl::StrCat(codes, " (the last ", evidence.told_apart, " of ", evidence.calls, ")");
}

// A call that no server answered is its channel's, whose target may be a list of addresses: in
// brackets, or it would look like several peers.
std::string PeerText(const std::string& peer) {
  return absl::StrContains(peer, ',') ? absl::StrCat("[", peer, "]") : peer;
}

std::string PeersText(const Evidence& evidence) {
  const std::vector<PeerCount>& peers = evidence.peers;
  if (peers.size() == 1 && peers.front().count == evidence.told_apart) {
    return absl::StrCat(evidence.told_apart > 1 ? "all of them from " : "from ",
                        PeerText(peers.front().peer));
  }
  std::vector<std::string> parts;
  const auto add = [&](int64_t count, const std::string& peer) {
    parts.push_back(absl::StrCat(count, parts.empty() ? " of them from " : " from ", peer));
  };
  for (const auto& [peer, count] : peers) add(count, PeerText(peer));
  if (evidence.other_peers > 0) add(evidence.other_peers, "others");
  return absl::StrJoin(parts, ", ");
}

}  // namespace

std::string EvidenceText(const Evidence& evidence) {
  if (evidence.age > absl::ZeroDuration()) {
    return absl::StrCat(Counted(evidence.calls, "call"), " without a status after ",
                        DurationText(evidence.age));
  }
  if (evidence.codes.empty()) return "";
  const std::string peers = PeersText(evidence);
  return absl::StrCat(CodesText(evidence), peers.empty() ? "" : "; ", peers);
}

}  // namespace fusebox
