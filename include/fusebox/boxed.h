// SPDX-License-Identifier: Apache-2.0
//
// Values that are there seldom, and take the room of a pointer as long as they aren't: of a hundred
// thousand circuits that are listed, most have none of them.
#ifndef FUSEBOX_BOXED_H_
#define FUSEBOX_BOXED_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace fusebox {

// A value, or none: it is used as a `std::optional` is, and copied whole.
//
//   const fusebox::Boxed<std::string> reason = std::string("a deployment");
//   const std::size_t bytes = reason ? reason->size() : 0;
//
// As thread-safe as `T` is: several threads may read one, and copy it.
template <typename T>
class Boxed {
 public:
  Boxed() = default;                 // none
  Boxed(std::nullopt_t /*none*/) {}  // NOLINT(google-explicit-constructor)
  // NOLINTNEXTLINE(google-explicit-constructor)
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}

  Boxed(const Boxed& other)
      : value_(other.value_ == nullptr ? nullptr : std::make_unique<T>(*other.value_)) {}
  Boxed& operator=(const Boxed& other) {
    if (this != &other) *this = Boxed(other);
    return *this;
  }
  Boxed(Boxed&&) noexcept = default;  // leaves none behind
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }

  // REQUIRES: there is one.
  const T& operator*() const& { return *value_; }
  T& operator*() & { return *value_; }
  T operator*() && { return std::move(*value_); }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }

  template <typename U>
  T value_or(U&& otherwise) const {
    return has_value() ? *value_ : static_cast<T>(std::forward<U>(otherwise));
  }

  // NOLINTNEXTLINE(google-explicit-constructor)
  operator std::optional<T>() const {
    return has_value() ? std::optional<T>(*value_) : std::nullopt;
  }

  // Where values of `T` can be compared. None is equal to none alone.
  friend bool operator==(const Boxed& a, const Boxed& b) {
    return a.has_value() && b.has_value() ? *a == *b : a.has_value() == b.has_value();
  }
  friend bool operator!=(const Boxed& a, const Boxed& b) { return !(a == b); }
  friend bool operator==(const Boxed& a, const T& b) { return a.has_value() && *a == b; }
  friend bool operator!=(const Boxed& a, const T& b) { return !(a == b); }
  friend bool operator==(const Boxed& a, std::nullopt_t /*none*/) { return !a.has_value(); }
  friend bool operator!=(const Boxed& a, std::nullopt_t /*none*/) { return a.has_value(); }

 private:
  std::unique_ptr<T> value_;
};

// An array of counts, which takes no memory of its own as long as all of them are 0. It is read as
// the array is, and copied whole; `Edit` is the array, to be written.
//
//   fusebox::Totals totals;
//   for (const int64_t count : totals.failures_by_code) totals.failure += count;
//
// As thread-safe as an array.
template <typename Array>
class BoxedCounts {
 public:
  // NOLINTNEXTLINE(readability-identifier-naming): what containers call it.
  using const_iterator = typename Array::const_iterator;

  const typename Array::value_type& operator[](std::size_t i) const { return Get()[i]; }
  const_iterator begin() const { return Get().begin(); }
  const_iterator end() const { return Get().end(); }
  std::size_t size() const { return Get().size(); }

  // False: all are 0.
  bool was_edited() const { return counts_.has_value(); }
  Array& Edit() {
    if (!counts_) counts_ = Array{};
    return *counts_;
  }

  friend bool operator==(const BoxedCounts& a, const BoxedCounts& b) { return a.Get() == b.Get(); }
  friend bool operator!=(const BoxedCounts& a, const BoxedCounts& b) { return !(a == b); }

 private:
  const Array& Get() const {
    static constexpr Array kZeros{};
    return counts_ ? *counts_ : kZeros;
  }

  Boxed<Array> counts_;
};

}  // namespace fusebox

#endif  // FUSEBOX_BOXED_H_
