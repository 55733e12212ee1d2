# SPDX-License-Identifier: Apache-2.0
#
# Installs the present build in PREFIX, and looks at what came of it.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

# Installed in one place and used in another: nothing installed may know where it was put.
set(staged "${PREFIX}.staged")
file(REMOVE_RECURSE "${staged}" "${PREFIX}")
step("Installing" COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --config "${CONFIG}"
  --prefix "${staged}")
file(RENAME "${staged}" "${PREFIX}")

# The list. Lines that begin with "static" or "shared" are of that kind of library alone.
message(STATUS "Comparing the installed files with expected_files.txt (${KIND})")
file(STRINGS "${SOURCE_DIR}/expected_files.txt" lines)
set(expected)
foreach(line IN LISTS lines)
  if(line MATCHES "^(static|shared) +(.*)$")
    if(CMAKE_MATCH_1 STREQUAL KIND)
      list(APPEND expected "${CMAKE_MATCH_2}")
    endif()
  elseif(NOT line MATCHES "^(#|$)")
    list(APPEND expected "${line}")
  endif()
endforeach()

file(GLOB_RECURSE found RELATIVE "${PREFIX}" "${PREFIX}/*")
string(TOLOWER "${CONFIG}" config)
set(installed)
foreach(file IN LISTS found)
  if(file MATCHES "^${LIBDIR}/(.*)$")
    set(file "LIBDIR/${CMAKE_MATCH_1}")
  endif()
  string(REPLACE "-targets-${config}.cmake" "-targets-CONFIG.cmake" file "${file}")
  string(REPLACE ".so.${VERSION}" ".so.VERSION" file "${file}")
  string(REGEX REPLACE "\\.so\\.[0-9]+\\.[0-9]+$" ".so.SOVERSION" file "${file}")
  list(APPEND installed "${file}")
endforeach()

set(missing ${expected})
set(unexpected ${installed})
list(REMOVE_ITEM missing ${installed})
list(REMOVE_ITEM unexpected ${expected})
if(missing OR unexpected)
  set(difference)
  foreach(file IN LISTS missing)
    string(APPEND difference "  - ${file}\n")
  endforeach()
  foreach(file IN LISTS unexpected)
    string(APPEND difference "  + ${file}\n")
  endforeach()
  message(FATAL_ERROR "The installed files are not those of tests/install/expected_files.txt\n"
    "  (- listed, not installed; + installed, not listed):\n${difference}")
endif()

# Nothing of the sources, the build or the first place of installation in what users read.
file(GLOB_RECURSE texts "${PREFIX}/*.cmake" "${PREFIX}/*.pc" "${PREFIX}/*.h")
foreach(file IN LISTS texts)
  file(READ "${file}" text)
  foreach(place "${BUILD_DIR}" "${FUSEBOX_DIR}" "${staged}")
    string(FIND "${text}" "${place}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} mentions ${place}")
    endif()
  endforeach()
endforeach()

# What a document links to is installed with it.
file(GLOB_RECURSE documents "${PREFIX}/*.md")
foreach(document IN LISTS documents)
  get_filename_component(folder "${document}" DIRECTORY)
  file(READ "${document}" text)
  string(REPLACE "](" "<to " text "${text}")
  string(REGEX REPLACE "[][;]" " " text "${text}")  # they mean something in a list of CMake's
  string(REGEX MATCHALL "<to [^)#]+" links "${text}")
  foreach(link IN LISTS links)
    string(REPLACE "<to " "" link "${link}")
    if(NOT link MATCHES "^[a-z]+:" AND NOT EXISTS "${folder}/${link}")
      message(FATAL_ERROR "${document} links to ${link}, which isn't installed")
    endif()
  endforeach()
endforeach()
message(STATUS "Good")
