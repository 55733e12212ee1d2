// SPDX-License-Identifier: Apache-2.0
#include "tests/support/child_server.h"

namespace fusebox_testing {

ChildServer::ChildServer(const std::string& program)
    : process_(program), address_(process_.ReadLine()) {}

void ChildServer::WaitForCall() { process_.ReadLine(); }
void ChildServer::Stop() const { process_.Stop(); }
void ChildServer::Kill() { process_.Kill(); }

}  // namespace fusebox_testing
