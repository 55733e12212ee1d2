// SPDX-License-Identifier: Apache-2.0
//
// Messages out of a fuzzer's bytes: well-formed ones, with values at the edges of what may be and
// with strings that mean something, so that the fuzzer need not find out about those first.
#ifndef FUSEBOX_TESTS_FUZZ_MESSAGE_MAKER_H_
#define FUSEBOX_TESTS_FUZZ_MESSAGE_MAKER_H_

#include <fuzzer/FuzzedDataProvider.h>
#include <google/protobuf/message.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace fusebox_testing {

// One of the values; there must be one.
template <typename Values>
auto& Pick(Values& values, FuzzedDataProvider& data) {
  return values[data.ConsumeIntegralInRange<std::size_t>(0, values.size() - 1)];
}

class MessageMaker {
 public:
  // `data` must outlive it. `words`: strings worth trying; not empty.
  MessageMaker(FuzzedDataProvider& data, std::vector<std::string> words)
      : data_(data), words_(std::move(words)) {}

  // Sets some of the message's fields; or all of it to what some bytes say on the wire.
  void Fill(google::protobuf::Message& message) { Fill(message, /*depth=*/0); }

  // One of the words, or any text.
  std::string Text();

 private:
  void Fill(google::protobuf::Message& message, int depth);
  void FillDuration(google::protobuf::Message& message);
  void SetField(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                int depth);

  FuzzedDataProvider& data_;
  const std::vector<std::string> words_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_FUZZ_MESSAGE_MAKER_H_
