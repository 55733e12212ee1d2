// SPDX-License-Identifier: Apache-2.0
//
// The enums of the public headers are made of tables: FUSEBOX_STATES(X) of fusebox/state.h expands
// to X(enumerator, number, name, ...) for each state, and so do the others. A row is all that there
// is to write for a new value. Its number is frozen: it never changes, and is never given to
// another value.
//
// You can make tables of your own from them:
//
//   #define ROW(enumerator, number, name) {fusebox::State::enumerator, #name},
//   constexpr std::pair<fusebox::State, const char*> kStates[] = {FUSEBOX_STATES(ROW)};
//   #undef ROW
#ifndef FUSEBOX_ENUM_TABLE_H_
#define FUSEBOX_ENUM_TABLE_H_

#include <cstddef>

// The enumerator of a row.
#define FUSEBOX_ENUMERATOR(enumerator, number, ...) enumerator = (number),

// For each row something to count, see `CountRows`.
#define FUSEBOX_COUNT_ROW(...) 0,

namespace fusebox::internal {

template <std::size_t rows>
constexpr std::size_t CountRows(const int (&/*each*/)[rows]) {
  return rows;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_ENUM_TABLE_H_
