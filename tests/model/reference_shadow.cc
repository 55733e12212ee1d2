// SPDX-License-Identifier: Apache-2.0
#include "tests/model/reference_shadow.h"

#include "absl/strings/str_cat.h"

namespace fusebox_testing {

using fusebox::EventKind;
using fusebox::OutcomeKind;
using fusebox::Reach;
using fusebox::State;

void ReferenceShadow::SetPolicy(const ReferencePolicy& policy, int64_t now) {
  MakeDueMoves(now);
  if (candidate_ && policy.candidate &&
      candidate_->policy() == policy.candidate->InForce().policy) {
    return;
  }
  told_before_ = told();
  candidate_ = nullptr;
  calls_.clear();
  came_ = rejected_ = would_reject_ = would_admit_ = 0;
  if (!policy.candidate) return;
  ++number_;
  candidate_ = std::make_unique<ReferenceCircuit>(*policy.candidate, now);
}

void ReferenceShadow::Reset(int64_t now) {
  if (candidate_) candidate_->Reset(now);
}

void ReferenceShadow::MakeDueMoves(int64_t now) {
  if (candidate_) candidate_->MakeDueMoves(now);
}

void ReferenceShadow::Acquire(const ReferenceCircuit::Answer& answer, int64_t now, bool connected) {
  if (!candidate_) return;
  const ReferenceCircuit::Answer would =
      candidate_->Acquire(now, connected ? Reach::kCall : Reach::kNone);
  ++came_;
  rejected_ += answer.admitted ? 0 : 1;
  would_reject_ += answer.admitted && !would.admitted ? 1 : 0;
  would_admit_ += !answer.admitted && would.admitted ? 1 : 0;
  if (!would.admitted) return;
  if (answer.admitted) {
    calls_[answer.call] = would.call;
  } else {
    ReferenceCircuit::Result never_made;
    never_made.kind = OutcomeKind::kIgnored;
    candidate_->Return(would.call, never_made, now);
  }
}

void ReferenceShadow::Return(std::size_t call, const ReferenceCircuit::Result& result,
                             int64_t now) {
  MakeDueMoves(now);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  candidate_->Return(found->second, result, now);
  calls_.erase(found);
}

void ReferenceShadow::ReceiveMessage(std::size_t call, const ReferenceCircuit::Result& message,
                                     int64_t now) {
  MakeDueMoves(now);
  const auto found = calls_.find(call);
  if (found != calls_.end()) candidate_->ReceiveMessage(found->second, message, now);
}

ReferenceShadow::Stream ReferenceShadow::RecordFirstMessage(std::size_t call,
                                                            const ReferenceCircuit::Result& message,
                                                            int64_t now) {
  MakeDueMoves(now);
  Stream stream;
  if (!candidate_) return stream;
  stream.candidate = number_;
  const auto found = calls_.find(call);
  if (found == calls_.end()) {
    stream.of_candidate.kept_out = true;
  } else {
    stream.of_candidate = candidate_->RecordFirstMessage(found->second, message, now);
    calls_.erase(found);
  }
  return stream;
}

void ReferenceShadow::Report(const ReferenceCircuit::Result& failure, int64_t now) {
  if (candidate_) candidate_->Report(failure, now);
}

void ReferenceShadow::Report(const ReferenceCircuit::Result& failure, const Stream& stream,
                             int64_t now) {
  if (!candidate_) return;
  if (stream.candidate != number_) return Report(failure, now);
  candidate_->Report(failure, stream.of_candidate, now);
}

std::optional<int64_t> ReferenceShadow::NextDue() const {
  return candidate_ ? candidate_->NextDue() : std::nullopt;
}

std::string ReferenceShadow::Text() const {
  if (!candidate_) return "no candidate";
  int64_t would_open = 0;
  for (const State from : {State::kClosed, State::kOpen, State::kHalfOpen}) {
    would_open += candidate_->Transitions(from, State::kOpen);
  }
  return absl::StrCat("candidate ", StateName(candidate_->state()), ", calls ", came_,
                      ", rejected ", rejected_, ", would reject ", would_reject_, ", admit ",
                      would_admit_, ", open ", would_open);
}

std::vector<std::string> ReferenceShadow::told() const {
  std::vector<std::string> told = told_before_;
  if (!candidate_) return told;
  for (const ReferenceCircuit::Told& one : candidate_->told()) {
    if (one.kind != EventKind::kTransition || one.to == State::kHalfOpen) continue;
    told.push_back(absl::StrCat(one.to == State::kOpen ? "shadow_opened" : "shadow_closed", " by ",
                                CauseName(one.cause), " at ", one.at));
  }
  return told;
}

}  // namespace fusebox_testing
