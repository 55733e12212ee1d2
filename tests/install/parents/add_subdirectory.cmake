# SPDX-License-Identifier: Apache-2.0
#
# add_subdirectory alone: every library, and nothing else.
set(WAY add_subdirectory)
set(COMPONENTS core testing grpc testing_grpc proto admin config prometheus)
set(CMAKE_UNITY_BUILD ON)
