# SPDX-License-Identifier: Apache-2.0
#
# Each find_package(fusebox ...) of the documentation, word for word, in a CMake run of its own: it
# has to give every component that it names, with all that this needs. And each name of a pkg-config
# file.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")
file(GLOB documents "${FUSEBOX_DIR}/README.md" "${FUSEBOX_DIR}/docs/*.md")
file(GLOB_RECURSE headers "${FUSEBOX_DIR}/include/*.h")
set(commands)
set(names)
foreach(document IN LISTS documents headers)
  file(READ "${document}" text)
  string(REGEX MATCHALL "find_package\\(fusebox[^)]*\\)" found "${text}")
  list(APPEND commands ${found})
  string(REGEX MATCHALL "`fusebox_[a-z_]+`" found "${text}")
  list(APPEND names ${found})
endforeach()
list(REMOVE_DUPLICATES commands)
list(REMOVE_DUPLICATES names)
if(NOT commands OR NOT names)
  message(FATAL_ERROR "The documentation shows no find_package(fusebox), or names no pkg-config file")
endif()

set(number 0)
foreach(command IN LISTS commands)
  math(EXPR number "${number} + 1")
  set(folder "${WORK_DIR}/${number}")
  string(REGEX REPLACE "^.*COMPONENTS +|\\)$" "" components "${command}")
  separate_arguments(components)
  list(TRANSFORM components PREPEND "fusebox::" OUTPUT_VARIABLE libraries)
  list(JOIN libraries " " libraries)
  file(WRITE "${folder}/CMakeLists.txt" "cmake_minimum_required(VERSION 3.22)\n"
    "project(documented LANGUAGES CXX)\n${command}\n"
    "add_executable(program program.cc)\ntarget_link_libraries(program PRIVATE ${libraries})\n")
  file(WRITE "${folder}/program.cc" "int main() {}\n")
  step("Configuring with ${command}" COMMAND "${CMAKE_COMMAND}" -S "${folder}" -B "${folder}/build"
    -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
    "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
endforeach()

set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig")
foreach(name IN LISTS names)
  string(REPLACE "`" "" name "${name}")
  if(EXISTS "${PREFIX}/bin/${name}")
    continue()  # a program
  endif()
  step("Asking pkg-config for ${name}" COMMAND "${PKG_CONFIG}" --cflags --libs "${name}")
endforeach()
message(STATUS "Good")
