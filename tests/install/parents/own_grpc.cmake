# SPDX-License-Identifier: Apache-2.0
#
# A project that builds gRPC, Protobuf and abseil itself. Its own protoc and plugin make the stubs.
set(WAY add_subdirectory)
set(OWN abseil protobuf grpc)
set(COMPONENTS core testing grpc testing_grpc proto admin)
set(TARGETS fusebox_generated)
set(CALLED protoc grpc_cpp_plugin)
