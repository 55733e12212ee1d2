// SPDX-License-Identifier: Apache-2.0
//
// What a target, a key or a method may be made of, if somebody means harm or nobody has thought
// about it.
#ifndef FUSEBOX_TESTS_SUPPORT_HOSTILE_TEXTS_H_
#define FUSEBOX_TESTS_SUPPORT_HOSTILE_TEXTS_H_

#include <string>
#include <vector>

namespace fusebox_testing {

// No two are alike, and none is empty.
inline std::vector<std::string> HostileTexts() {
  using std::string_literals::operator""s;
  return {
      "a\0b"s,                        // NUL
      "a\nb",                         // a line end
      "a\x1b[2J",                     // clears a terminal
      "a\xc2\x9b",                    // a control of the second set
      "a\xff",                        // not UTF-8
      "\xe2\x82",                     // cut
      "\u202egnp.exe",                // turns what follows around
      "a\u200b",                      // of no width
      "a\U000e0041",                  // a tag
      "a\u3164",                      // a filler
      "a\ufdd0",                      // no character
      "a/b",                          // a slash
      "fusebox_testing.Echo/Unary",   // a method
      "fusebox_testing.Echo",         // a service
      "%key/a",                       // an own mark
      "a%2Fb",                        // an own escape
      "%hash:0123456789abcdef",       // another
      "*",                            // a pattern
      "a?",                           // another
      "-rf",                          // a flag
      " ",                            // nothing
      "a ",                           // nearly the same as another
      "$(reboot)",                    // a command
      "it's; \"quoted\" \\ `twice`",  // what shells look at
      "\u6f22\u5b57 \U0001f600",      // which may stay as it is
      std::string(300, 'x'),          // longer than a name may be
      std::string(299, 'x') + "y",    // and another that begins like it
      std::string(10'000, 'z'),       // much longer
      std::string(2'000, '\xff'),     // longer, once it is escaped
  };
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_HOSTILE_TEXTS_H_
