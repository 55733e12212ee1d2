// SPDX-License-Identifier: Apache-2.0
#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>

int main() {
  const auto stub = fusebox::v1::CircuitAdmin::NewStub(
      grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()));
  fusebox::v1::Circuit circuit;
  circuit.set_name("payments");
  return stub != nullptr && !circuit.SerializeAsString().empty() ? 0 : 1;
}
