# SPDX-License-Identifier: Apache-2.0
#
# The core alone needs abseil alone: what isn't asked for isn't looked for.
set(WAY add_subdirectory)
set(COMPONENTS core testing)
set(ABSENT grpc testing_grpc proto admin config prometheus)
set(FUSEBOX_BUILD_GRPC OFF)
set(FUSEBOX_BUILD_PROMETHEUS OFF)
foreach(package gRPC Protobuf prometheus-cpp yaml-cpp CLI11 OpenSSL GTest)
  set(CMAKE_REQUIRE_FIND_PACKAGE_${package} ON)  # so that looking for it fails
  set(CMAKE_DISABLE_FIND_PACKAGE_${package} ON)
endforeach()
