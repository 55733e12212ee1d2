// SPDX-License-Identifier: Apache-2.0
#include "fusebox/testing/scripted_server.h"

int main() {
  const fusebox_testing::ScriptedServer server;
  return server.calls("shop.Inventory/Reserve") == 0 ? 0 : 1;
}
