// SPDX-License-Identifier: Apache-2.0
//
// What a shared library of Fusebox shows to those who link it. Of no use in other code.
#ifndef FUSEBOX_EXPORT_H_
#define FUSEBOX_EXPORT_H_

// Marks what is promised. Everything else is hidden: the libraries are compiled with
// -fvisibility=hidden.
#define FUSEBOX_EXPORT [[gnu::visibility("default")]]

// Marks what is hidden inside of a class that is marked.
#define FUSEBOX_HIDDEN [[gnu::visibility("hidden")]]

#endif  // FUSEBOX_EXPORT_H_
