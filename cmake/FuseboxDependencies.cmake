# SPDX-License-Identifier: Apache-2.0
#
# What this project uses of others: targets of the project that it is a part of, where that has them,
# and packages of the system where not.

# fusebox_find(<package> [OPTIONAL] TARGETS <target>... [ARGUMENTS <of find_package>...]): finds the
# package, unless its targets are there already, be they imported or built in the same tree. A function,
# so that no variable of a package's outlives it.
function(fusebox_find package)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIONAL" "" "TARGETS;ARGUMENTS")
  foreach(target IN LISTS arg_TARGETS)
    if(NOT TARGET ${target})
      if(arg_OPTIONAL)
        find_package(${package} ${arg_ARGUMENTS} QUIET)
      else()
        find_package(${package} ${arg_ARGUMENTS} REQUIRED)
      endif()
      break()
    endif()
  endforeach()
  foreach(target IN LISTS arg_TARGETS)
    if(NOT TARGET ${target} AND NOT arg_OPTIONAL)
      message(FATAL_ERROR "Fusebox needs the target ${target}, which the package ${package} that was "
        "found doesn't have")
    endif()
  endforeach()
endfunction()

# gRPC, and Protobuf with it. In this order: gRPC's package finds the Protobuf that it was built with, and
# newer ones refuse to if another has been found before.
function(fusebox_find_grpc)
  # Where gRPC is built in the same tree, its targets have no names with gRPC:: in it.
  foreach(name grpc++ grpc_cpp_plugin)
    if(TARGET ${name} AND NOT TARGET gRPC::${name})
      get_target_property(type ${name} TYPE)
      if(type STREQUAL "EXECUTABLE")
        add_executable(gRPC::${name} ALIAS ${name})
      else()
        add_library(gRPC::${name} ALIAS ${name})
      endif()
    endif()
  endforeach()
  fusebox_find(gRPC TARGETS gRPC::grpc++ ARGUMENTS CONFIG)
  fusebox_find(Protobuf TARGETS protobuf::libprotobuf protobuf::protoc)
endfunction()

# yaml-cpp, if it is there, as yaml-cpp::yaml-cpp: before 0.8 its package calls it yaml-cpp.
function(fusebox_find_yaml_cpp)
  if(NOT TARGET yaml-cpp AND NOT TARGET yaml-cpp::yaml-cpp)
    find_package(yaml-cpp CONFIG QUIET)
  endif()
  if(NOT TARGET yaml-cpp::yaml-cpp AND TARGET yaml-cpp)
    get_target_property(imported yaml-cpp IMPORTED)
    if(imported)
      set_target_properties(yaml-cpp PROPERTIES IMPORTED_GLOBAL TRUE)
      add_library(yaml-cpp::yaml-cpp INTERFACE IMPORTED GLOBAL)
      set_target_properties(yaml-cpp::yaml-cpp PROPERTIES INTERFACE_LINK_LIBRARIES yaml-cpp)
    else()
      add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
    endif()
  endif()
endfunction()
