// SPDX-License-Identifier: Apache-2.0
//
// Standing orders in words.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_ORDER_TEXT_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_ORDER_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/v1/admin.pb.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

// "open", "disable", "policy open_duration=45s": as it is written to give it.
std::string ActionText(const fusebox::v1::StandingOrder& order);

// "order 7 holds inventory/*: 12 circuits now, and those made later"; of one that would be given,
// "would hold inventory/*: ...".
std::string GivenText(const fusebox::v1::GivenOrder& given);

// Says which orders of others a new one has come up against at an instance, each once:
// "checkout-1: overrules order 7 by sre (open inventory/*)". `would`: if it were given.
void SayOverruled(const std::string& instance,
                  const std::vector<fusebox::v1::OverruledOrder>& overruled, bool would,
                  const Screen& screen);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_ORDER_TEXT_H_
