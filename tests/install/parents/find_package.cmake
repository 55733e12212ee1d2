# SPDX-License-Identifier: Apache-2.0
#
# FetchContent, by a project that says find_package(fusebox) as if it were installed.
set(WAY find_package)
set(COMPONENTS core testing grpc)
set(CMAKE_CXX_STANDARD 23)
set(TARGETS headers)
