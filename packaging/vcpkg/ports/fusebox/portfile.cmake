# SPDX-License-Identifier: Apache-2.0
#
# An overlay port: it builds the checkout that it stands in, and downloads nothing of Fusebox.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES
        admin       FUSEBOX_BUILD_ADMIN
        config      FUSEBOX_BUILD_CONFIG
        grpc        FUSEBOX_BUILD_GRPC
        prometheus  FUSEBOX_BUILD_PROMETHEUS
        tools       FUSEBOX_BUILD_TOOLS
)

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DFUSEBOX_BUILD_TESTS=OFF
        -DFUSEBOX_BUILD_EXAMPLES=OFF
        -DFUSEBOX_WERROR=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/fusebox)
vcpkg_fixup_pkgconfig()
if("tools" IN_LIST FEATURES)
    vcpkg_copy_tools(TOOL_NAMES fuseboxctl fusebox_drill AUTO_CLEAN)
endif()

file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/doc")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
