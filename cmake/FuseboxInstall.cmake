# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` lays down, for every library of the global property FUSEBOX_LIBRARIES: the
# library, its headers, its part of the package that find_package(fusebox) reads, and its pkg-config
# file. What each part needs of others is read off the targets themselves.

option(FUSEBOX_INSTALL "Make the install rules" ${PROJECT_IS_TOP_LEVEL})
if(NOT FUSEBOX_INSTALL)
  return()
endif()

include(CMakePackageConfigHelpers)

set(FUSEBOX_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/fusebox")
set(FUSEBOX_PKGCONFIG_DIR "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# The libraries that <target> was made of: those that its users compile and link with, and those
# that are in its sources alone.
function(fusebox_links_of target out_public out_private)
  get_target_property(type ${target} TYPE)
  get_target_property(interface ${target} INTERFACE_LINK_LIBRARIES)
  set(public)
  foreach(library IN LISTS interface)
    if(library AND NOT library MATCHES "^\\$<LINK_ONLY:")
      list(APPEND public "${library}")
    endif()
  endforeach()
  set(private)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    get_target_property(private ${target} LINK_LIBRARIES)
    list(REMOVE_ITEM private ${public})
  endif()
  set(${out_public} "${public}" PARENT_SCOPE)
  set(${out_private} "${private}" PARENT_SCOPE)
endfunction()

# The arguments of find_package for what <target> links: a list of packages.
function(fusebox_packages_of target out)
  fusebox_links_of(${target} public private)
  set(packages)
  foreach(library IN LISTS public private)
    if(library MATCHES "^absl::")
      list(APPEND packages "absl CONFIG")
    elseif(library MATCHES "^gRPC::")
      list(APPEND packages "gRPC CONFIG")
    elseif(library MATCHES "^protobuf::")
      list(APPEND packages "Protobuf")
    elseif(library MATCHES "^prometheus-cpp::")
      list(APPEND packages "prometheus-cpp CONFIG")
    elseif(library STREQUAL "Threads::Threads")
      list(APPEND packages "Threads")
    elseif(NOT library MATCHES "^fusebox::")
      message(FATAL_ERROR "FuseboxInstall.cmake knows no package for ${library}, of ${target}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES packages)
  set(${out} "${packages}" PARENT_SCOPE)
endfunction()

# The components that <target> is of no use without, each after those that it needs itself; it is the
# last of them.
function(fusebox_parts_of target out)
  get_target_property(name ${target} EXPORT_NAME)
  fusebox_links_of(${target} public private)
  set(parts)
  foreach(library IN LISTS public private)
    if(library MATCHES "^fusebox::(.*)$")
      fusebox_parts_of(fusebox_${CMAKE_MATCH_1} needed)
      list(APPEND parts ${needed})
    endif()
  endforeach()
  list(APPEND parts ${name})
  list(REMOVE_DUPLICATES parts)
  set(${out} "${parts}" PARENT_SCOPE)
endfunction()

# The pkg-config names, and the linker's flags, of some libraries.
function(fusebox_pkgconfig_names_of libraries out_names out_flags)
  set(names)
  set(flags)
  foreach(library IN LISTS libraries)
    if(library MATCHES "^(absl|fusebox)::(.*)$")
      list(APPEND names "${CMAKE_MATCH_1}_${CMAKE_MATCH_2}")
    elseif(library MATCHES "^gRPC::(.*)$")
      list(APPEND names "${CMAKE_MATCH_1}")
    elseif(library MATCHES "^protobuf::lib(.*)$")
      list(APPEND names "${CMAKE_MATCH_1}")
    elseif(library MATCHES "^prometheus-cpp::(.*)$")
      list(APPEND names "prometheus-cpp-${CMAKE_MATCH_1}")
    elseif(library STREQUAL "Threads::Threads")
      list(APPEND flags "-pthread")
    else()
      message(FATAL_ERROR "FuseboxInstall.cmake knows no pkg-config name for ${library}")
    endif()
  endforeach()
  list(JOIN names ", " names)
  list(JOIN flags " " flags)
  set(${out_names} "${names}" PARENT_SCOPE)
  set(${out_flags} "${flags}" PARENT_SCOPE)
endfunction()

function(fusebox_install_pkgconfig target name)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
    set(PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
  else()
    file(RELATIVE_PATH up "/${FUSEBOX_PKGCONFIG_DIR}" "/")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(PC_PREFIX "\${pcfiledir}/${up}")
    set(PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
  endif()

  fusebox_links_of(${target} public private)
  get_target_property(type ${target} TYPE)
  set(PC_COMPONENT "${name}")
  set(PC_NAME "fusebox_${name}")
  set(PC_LIBS "-L\${libdir} -l${PC_NAME}")
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(PC_LIBS "")
  elseif(type STREQUAL "STATIC_LIBRARY")
    # A static library brings nothing along: whoever links it links all that it uses, with or
    # without pkg-config's --static.
    list(APPEND public ${private})
    set(private)
  endif()
  fusebox_pkgconfig_names_of("${public}" PC_REQUIRES flags)
  fusebox_pkgconfig_names_of("${private}" PC_REQUIRES_PRIVATE PC_LIBS_PRIVATE)
  string(STRIP "${PC_LIBS} ${flags}" PC_LIBS)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/fusebox.pc.in"
    "${PROJECT_BINARY_DIR}/pkgconfig/${PC_NAME}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/pkgconfig/${PC_NAME}.pc"
    DESTINATION "${FUSEBOX_PKGCONFIG_DIR}")
endfunction()

function(fusebox_install_headers target)
  get_target_property(protos ${target} FUSEBOX_PROTOS)
  if(protos)
    get_target_property(generated ${target} FUSEBOX_GENERATED)
    install(DIRECTORY "${generated}/" "${PROJECT_SOURCE_DIR}/proto/"
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
      FILES_MATCHING PATTERN "*.h" PATTERN "*.proto")
    return()
  endif()
  get_target_property(headers ${target} FUSEBOX_HEADERS)
  foreach(header IN LISTS headers)
    get_filename_component(folder "${header}" DIRECTORY)
    install(FILES "${PROJECT_SOURCE_DIR}/include/${header}"
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${folder}")
  endforeach()
endfunction()

get_property(libraries GLOBAL PROPERTY FUSEBOX_LIBRARIES)
set(FUSEBOX_COMPONENTS)
set(FUSEBOX_COMPONENT_PACKAGES)
set(FUSEBOX_COMPONENT_PARTS)
foreach(target IN LISTS libraries)
  get_target_property(name ${target} EXPORT_NAME)
  get_target_property(type ${target} TYPE)
  list(APPEND FUSEBOX_COMPONENTS ${name})
  fusebox_packages_of(${target} packages)
  list(JOIN packages "\" \"" packages)
  string(APPEND FUSEBOX_COMPONENT_PACKAGES "set(fusebox_${name}_packages \"${packages}\")\n")
  fusebox_parts_of(${target} parts)
  string(APPEND FUSEBOX_COMPONENT_PARTS "set(fusebox_${name}_parts \"${parts}\")\n")

  if(type STREQUAL "SHARED_LIBRARY" AND NOT name STREQUAL "core")
    # So that it finds the core, which lies beside it, under whatever prefix.
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "\$ORIGIN")
  endif()
  install(TARGETS ${target} EXPORT fusebox-${name}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(EXPORT fusebox-${name} NAMESPACE fusebox::
    FILE fusebox-${name}-targets.cmake
    DESTINATION "${FUSEBOX_PACKAGE_DIR}")
  fusebox_install_headers(${target})
  fusebox_install_pkgconfig(${target} ${name})
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/fusebox-config.cmake.in"
  "${PROJECT_BINARY_DIR}/fusebox-config.cmake"
  INSTALL_DESTINATION "${FUSEBOX_PACKAGE_DIR}"
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 each minor version may break what the last one promised.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fusebox-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/fusebox-config.cmake"
  "${PROJECT_BINARY_DIR}/fusebox-config-version.cmake"
  DESTINATION "${FUSEBOX_PACKAGE_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/fusebox")
if(TARGET fusebox_prometheus)
  install(FILES
    "${PROJECT_SOURCE_DIR}/monitoring/alerts.yml"
    "${PROJECT_SOURCE_DIR}/monitoring/grafana-dashboard.json"
    "${PROJECT_SOURCE_DIR}/docs/runbook.md"  # which the alerts link to
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fusebox/monitoring")
endif()
