// SPDX-License-Identifier: Apache-2.0
//
// The version of these headers, for code that is to compile with several:
//
//   #if FUSEBOX_VERSION >= 10200  // 1.2.0
//   ...
//   #endif
//
// docs/public-api.md says what a version may change. The build reads the numbers from here: the
// version of the CMake package, of the pkg-config files and of the shared libraries.
#ifndef FUSEBOX_VERSION_H_
#define FUSEBOX_VERSION_H_

#define FUSEBOX_VERSION_MAJOR 0
#define FUSEBOX_VERSION_MINOR 2
#define FUSEBOX_VERSION_PATCH 0

// One number that grows with each version. Minor version and patch are less than 100.
#define FUSEBOX_VERSION \
  (FUSEBOX_VERSION_MAJOR * 10000 + FUSEBOX_VERSION_MINOR * 100 + FUSEBOX_VERSION_PATCH)

// "0.2.0"
#define FUSEBOX_VERSION_STRING                 \
  FUSEBOX_VERSION_TEXT_(FUSEBOX_VERSION_MAJOR) \
  "." FUSEBOX_VERSION_TEXT_(FUSEBOX_VERSION_MINOR) "." FUSEBOX_VERSION_TEXT_(FUSEBOX_VERSION_PATCH)

// Of this header alone: the digits of a number that is a macro.
#define FUSEBOX_VERSION_TEXT_(number) FUSEBOX_VERSION_DIGITS_(number)
#define FUSEBOX_VERSION_DIGITS_(number) #number

#endif  // FUSEBOX_VERSION_H_
