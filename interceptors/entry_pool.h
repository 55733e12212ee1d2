// SPDX-License-Identifier: Apache-2.0
//
// The entries of a CircuitTable: who uses them, and when they may be used anew.
#ifndef FUSEBOX_INTERCEPTORS_ENTRY_POOL_H_
#define FUSEBOX_INTERCEPTORS_ENTRY_POOL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/circuit_breaker.h"
#include "interceptors/method_settings.h"

namespace fusebox::internal {

class EntryPool;

// What a table knows of a key. What a call looks at comes first, with the key if that is short, in
// one cache line: where there are many keys, few of them are in the cache.
class alignas(64) CircuitEntry {
 public:
  CircuitEntry() = default;
  CircuitEntry(const CircuitEntry&) = delete;
  CircuitEntry& operator=(const CircuitEntry&) = delete;
  ~CircuitEntry() = default;

  // For everybody, and a hint: whether it may be that of a key with this hash.
  bool MayBe(std::size_t hash) const { return hash_.load(std::memory_order_relaxed) == hash; }

  // ---- For whoever holds a reference. All except the circuit is constant meanwhile.

  const std::string& key() const { return key_; }
  const MethodSettings& settings() const { return settings_; }
  CircuitBreaker* breaker() const { return breaker_.load(std::memory_order_acquire); }

  // One that has no circuit is only kept while it is asked for now and then.
  void Touch() {
    if (!touched_.load(std::memory_order_relaxed)) touched_.store(true, std::memory_order_relaxed);
  }

 private:
  friend class EntryPool;
  friend class EntryRef;

  struct Chunk;

  bool TryUse();
  void Release() {
    if (!pinned_) Users().fetch_sub(1, std::memory_order_release);
  }
  bool InUse() const;
  std::atomic<uint32_t>& Users() const;

  std::atomic<std::size_t> hash_{0};  // a hint: relaxed

  // Constant once its chunk is made.
  Chunk* chunk_ = nullptr;

  // Stored with release, after held_.
  std::atomic<CircuitBreaker*> breaker_{nullptr};

  uint32_t place_ = 0;  // in the chunk, and constant as that is

  // Constant once it is in the table. One that is pinned is its key's for good: nobody need be
  // counted.
  bool pinned_ = false;

  // Not in the table: it must not be used, and is not touched by whoever finds it so.
  std::atomic<bool> gone_{true};

  std::atomic<bool> touched_{false};  // a hint: relaxed

  // Written under the table's lock, while it is gone and nobody uses it; held_ once more, when its
  // circuit is made.
  std::string key_;
  MethodSettings settings_;
  std::shared_ptr<CircuitBreaker> held_;
};

// A reference to an entry: it isn't used anew meanwhile, and its circuit lives. To be let go of on
// any thread, before the table ends.
class EntryRef {
 public:
  EntryRef() = default;
  EntryRef(EntryRef&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  EntryRef& operator=(EntryRef&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  EntryRef(const EntryRef&) = delete;
  EntryRef& operator=(const EntryRef&) = delete;
  ~EntryRef() {
    if (entry_ != nullptr) entry_->Release();
  }

  // Empty if the entry is gone.
  static EntryRef To(CircuitEntry& entry) {
    EntryRef ref;
    if (entry.pinned_ || entry.TryUse()) ref.entry_ = &entry;
    return ref;
  }

  explicit operator bool() const { return entry_ != nullptr; }
  CircuitEntry* get() const { return entry_; }
  CircuitEntry& operator*() const { return *entry_; }
  CircuitEntry* operator->() const { return entry_; }

 private:
  CircuitEntry* entry_ = nullptr;
};

// Entries stay where they are as long as the pool does, so that a reader may touch one that has
// just been taken out of the table; one that nobody uses is used anew for another key. Of each
// entry the users are counted in several places, by threads, so that these don't contend for one;
// their sum counts. Some entries are pinned: they are never used anew, nor are their users counted.
// Such an entry has never been another one, so that whoever finds it needs no more than its place
// in the table, which was stored with release after all that it is.
//
// For the others, taking a reference, and seeing that there is none, happen like this, all of it
// sequentially consistent:
//
//   reader                                       who takes the entry out, under the table's lock
//   1. counts itself                             a. sets `gone`
//   2. reads `gone`: if set, counts itself back  b. reads the counts: if their sum is 0, the entry
//      and goes away; else may read on              may be written to, and `gone` be reset
//
// If 1 comes before b, then b sees the reader, and the entry stays as it is until he has counted
// himself back, which b sees with all that he has read before (release). If b comes before 1, then
// a comes before 2: the reader sees `gone`, or that it was reset, and then what was written before
// that. It is another key's entry in that case, or the same key's again; so the key is compared
// after 2. Those who are counted at b came before a, so none of them is missed by reading the
// counts one after the other: they only go down. A reader who is about to go away again is at most
// counted too much.
//
// Thread-safety: under the table's lock.
class EntryPool {
 public:
  explicit EntryPool(uint32_t max_pinned);
  EntryPool(const EntryPool&) = delete;
  EntryPool& operator=(const EntryPool&) = delete;
  ~EntryPool();

  CircuitEntry& At(uint32_t index) const;
  static std::size_t HashOf(const CircuitEntry& entry) {
    return entry.hash_.load(std::memory_order_relaxed);
  }

  // How many there are, in the table or not: those of the indices below.
  uint32_t size() const { return size_; }

  // One that is in the table from now on; pinned, as long as there are fewer than there may be.
  CircuitEntry& Take(absl::string_view key, std::size_t hash, const MethodSettings& settings,
                     std::shared_ptr<CircuitBreaker> circuit);

  // REQUIRES: it has none.
  static void SetCircuit(CircuitEntry& entry, std::shared_ptr<CircuitBreaker> circuit);

  // It has left the table.
  void Leave(CircuitEntry& entry);

  static bool InTable(const CircuitEntry& entry) {
    return !entry.gone_.load(std::memory_order_relaxed);
  }
  // Whether it can be done without: its circuit has been removed; or it has none and wasn't touched
  // since this was asked last. Never, if it's pinned.
  static bool IsStale(CircuitEntry& entry);

  // Looks at some of those that have left. What nobody uses any more is free, and its circuit is
  // put into `circuits`, to be let go of without the lock.
  void Collect(std::vector<std::shared_ptr<CircuitBreaker>>& circuits);

 private:
  // Each chunk is twice as large as the one before.
  static constexpr uint32_t kFirstChunk = 64;
  static constexpr std::size_t kChunks = 26;

  CircuitEntry& Make();

  std::array<std::unique_ptr<CircuitEntry::Chunk>, kChunks> chunks_;
  uint32_t size_ = 0;
  const uint32_t max_pinned_;
  uint32_t pinned_ = 0;  // how many there are, in the table or not
  std::vector<CircuitEntry*> free_;
  std::deque<CircuitEntry*> leaving_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_ENTRY_POOL_H_
