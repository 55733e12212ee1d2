# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` lays down, for every library of the global property FUSEBOX_LIBRARIES: the
# library, its headers, its part of the package that find_package(fusebox) reads, and its pkg-config
# file. What each part needs of others is read off the targets themselves.
#
# `cmake --install <build> --component <name>` lays down a part of it: `runtime`, the shared libraries;
# `development`, what programs are built with; `tools`, fuseboxctl and what operators need beside it.

option(FUSEBOX_INSTALL "Make the install rules" ${PROJECT_IS_TOP_LEVEL})
option(FUSEBOX_INSTALL_STATIC_TOO "With shared libraries, install the static ones beside them" OFF)
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

# The arguments of find_package for what <target> links: a list of packages; and in <out_targets> what
# the package of fusebox says of them: set(fusebox_<name>_needs_<package> <target>...), a line for each.
function(fusebox_packages_of target out out_targets)
  get_target_property(name ${target} EXPORT_NAME)
  fusebox_links_of(${target} public private)
  set(packages)
  set(package_names)
  foreach(library IN LISTS public private)
    if(library MATCHES "^absl::")
      set(package "absl CONFIG")
    elseif(library MATCHES "^gRPC::")
      set(package "gRPC CONFIG")
    elseif(library MATCHES "^protobuf::")
      set(package "Protobuf")
    elseif(library MATCHES "^prometheus-cpp::")
      set(package "prometheus-cpp CONFIG")
    elseif(library STREQUAL "yaml-cpp::yaml-cpp")
      set(package "yaml-cpp CONFIG")
    elseif(library STREQUAL "Threads::Threads")
      set(package "Threads")
    elseif(library MATCHES "^fusebox::")
      continue()
    else()
      message(FATAL_ERROR "FuseboxInstall.cmake knows no package for ${library}, of ${target}")
    endif()
    list(APPEND packages "${package}")
    string(REGEX REPLACE " .*" "" package_name "${package}")
    list(APPEND package_names ${package_name})
    list(APPEND ${package_name}_targets ${library})
  endforeach()
  list(REMOVE_DUPLICATES packages)
  list(REMOVE_DUPLICATES package_names)
  set(lines)
  foreach(package_name IN LISTS package_names)
    string(APPEND lines "set(fusebox_${name}_needs_${package_name} \"${${package_name}_targets}\")\n")
  endforeach()
  set(${out} "${packages}" PARENT_SCOPE)
  set(${out_targets} "${lines}" PARENT_SCOPE)
endfunction()

# What of others the libraries link that is built in the same tree.
function(fusebox_links_of_this_tree out)
  get_property(libraries GLOBAL PROPERTY FUSEBOX_LIBRARIES)
  set(found)
  foreach(target IN LISTS libraries)
    fusebox_links_of(${target} public private)
    foreach(library IN LISTS public private)
      get_target_property(imported ${library} IMPORTED)
      if(NOT imported AND NOT library MATCHES "^fusebox::")
        list(APPEND found ${library})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES found)
  set(${out} "${found}" PARENT_SCOPE)
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
    elseif(library STREQUAL "yaml-cpp::yaml-cpp")
      list(APPEND names "yaml-cpp")
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
    DESTINATION "${FUSEBOX_PKGCONFIG_DIR}" COMPONENT development)
endfunction()

function(fusebox_install_headers target)
  get_target_property(protos ${target} FUSEBOX_PROTOS)
  if(protos)
    get_target_property(generated ${target} FUSEBOX_GENERATED)
    install(DIRECTORY "${generated}/" "${PROJECT_SOURCE_DIR}/proto/"
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
      FILES_MATCHING PATTERN "*.h" PATTERN "*.proto")
    return()
  endif()
  get_target_property(headers ${target} FUSEBOX_HEADERS)
  foreach(header IN LISTS headers)
    get_filename_component(folder "${header}" DIRECTORY)
    install(FILES "${PROJECT_SOURCE_DIR}/include/${header}"
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${folder}" COMPONENT development)
  endforeach()
endfunction()

# What find_package(fusebox) reads names the libraries of others, so CMake makes it only if those are
# imported, or installed and exported by the same tree, which can't be told here.
fusebox_links_of_this_tree(links_of_this_tree)
if(links_of_this_tree)
  set(default OFF)
else()
  set(default ON)
endif()
option(FUSEBOX_INSTALL_CMAKE_PACKAGE "Install what find_package(fusebox) reads" ${default})
if(NOT FUSEBOX_INSTALL_CMAKE_PACKAGE AND links_of_this_tree)
  list(JOIN links_of_this_tree ", " links_of_this_tree)
  message(STATUS "What find_package(fusebox) reads is not installed: this tree builds "
    "${links_of_this_tree}. If it installs and exports them: FUSEBOX_INSTALL_CMAKE_PACKAGE=ON")
endif()

# The static library of the objects that the shared one is made of: they are compiled no differently.
# What its users link besides, `pkg-config --static` says.
function(fusebox_install_static target name)
  set(leaves)
  if(name STREQUAL "core")
    get_property(leaf_targets GLOBAL PROPERTY FUSEBOX_LEAVES)
    foreach(leaf IN LISTS leaf_targets)
      list(APPEND leaves "$<TARGET_OBJECTS:${leaf}>")
    endforeach()
  endif()
  # A precompiled header counts as an object of its target.
  add_library(${target}_static STATIC
    "$<FILTER:$<TARGET_OBJECTS:${target}>,EXCLUDE,\\.gch$>" ${leaves})
  set_target_properties(${target}_static PROPERTIES
    LINKER_LANGUAGE CXX
    OUTPUT_NAME ${target}
    ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/static")
  install(TARGETS ${target}_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
endfunction()

get_property(libraries GLOBAL PROPERTY FUSEBOX_LIBRARIES)
set(FUSEBOX_COMPONENTS)
set(FUSEBOX_COMPONENT_PACKAGES)
set(FUSEBOX_COMPONENT_PARTS)
foreach(target IN LISTS libraries)
  get_target_property(name ${target} EXPORT_NAME)
  get_target_property(type ${target} TYPE)
  list(APPEND FUSEBOX_COMPONENTS ${name})
  fusebox_packages_of(${target} packages needs)
  list(JOIN packages "\" \"" packages)
  string(APPEND FUSEBOX_COMPONENT_PACKAGES
    "set(fusebox_${name}_packages \"${packages}\")\n" "${needs}")
  fusebox_parts_of(${target} parts)
  string(APPEND FUSEBOX_COMPONENT_PARTS "set(fusebox_${name}_parts \"${parts}\")\n")

  if(type STREQUAL "SHARED_LIBRARY" AND NOT name STREQUAL "core")
    # So that it finds the core, which lies beside it, under whatever prefix.
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "\$ORIGIN")
  endif()
  set(export)
  if(FUSEBOX_INSTALL_CMAKE_PACKAGE)
    set(export EXPORT fusebox-${name})
    install(EXPORT fusebox-${name} NAMESPACE fusebox::
      FILE fusebox-${name}-targets.cmake
      DESTINATION "${FUSEBOX_PACKAGE_DIR}" COMPONENT development)
  endif()
  install(TARGETS ${target} ${export}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime)
  if(type STREQUAL "SHARED_LIBRARY" AND FUSEBOX_INSTALL_STATIC_TOO)
    fusebox_install_static(${target} ${name})
  endif()
  fusebox_install_headers(${target})
  fusebox_install_pkgconfig(${target} ${name})
endforeach()

if(FUSEBOX_INSTALL_CMAKE_PACKAGE)
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
    DESTINATION "${FUSEBOX_PACKAGE_DIR}" COMPONENT development)
endif()
# With each part, whichever is taken alone.
foreach(component runtime development tools)
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/fusebox" COMPONENT ${component})
endforeach()
if(TARGET fusebox_prometheus)
  install(FILES
    "${PROJECT_SOURCE_DIR}/monitoring/alerts.yml"
    "${PROJECT_SOURCE_DIR}/monitoring/grafana-dashboard.json"
    "${PROJECT_SOURCE_DIR}/docs/runbook.md"  # which the alerts link to
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fusebox/monitoring" COMPONENT tools)
endif()
