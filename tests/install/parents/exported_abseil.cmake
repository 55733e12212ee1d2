# SPDX-License-Identifier: Apache-2.0
#
# An abseil of the project's own, which it installs and exports: find_package(fusebox) then finds that.
set(WAY add_subdirectory)
set(OWN abseil)
set(ABSEIL_INSTALL ON)
set(COMPONENTS core testing)
set(FUSEBOX_BUILD_GRPC OFF)
set(FUSEBOX_BUILD_PROMETHEUS OFF)
set(FUSEBOX_INSTALL ON)
set(FUSEBOX_INSTALL_CMAKE_PACKAGE ON)
set(ASKED FUSEBOX_INSTALL)
