# SPDX-License-Identifier: Apache-2.0
#
# FetchContent, by a project with an abseil of its own, shared libraries and a newer C++. It installs
# Fusebox; find_package(fusebox) would look for an abseil that isn't installed, so its files aren't either.
set(WAY FetchContent)
set(OWN abseil)
set(COMPONENTS core testing)
set(FUSEBOX_BUILD_GRPC OFF)
set(FUSEBOX_BUILD_PROMETHEUS OFF)
set(FUSEBOX_INSTALL ON)
set(ASKED FUSEBOX_INSTALL)
set(BUILD_SHARED_LIBS ON)
set(CMAKE_CXX_STANDARD 20)
set(COMPILE_FEW_FILES ON)
set(CMAKE_INSTALL_LIBDIR lib)
set(TARGETS all program)
set(INSTALLED include/fusebox/policy.h lib/libfusebox_core.so lib/pkgconfig/fusebox_core.pc)
set(NOT_INSTALLED lib/cmake/*)
