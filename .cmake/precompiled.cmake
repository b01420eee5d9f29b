# allmende_share_header(TARGET pch_tests|pch_grpc)
#
# Two precompiled headers that many targets share, because they pay: GoogleTest halves the time of a test's unit, gRPC
# cuts two thirds of a unit that speaks it. Sources still include what they use: the preset `tidy` compiles without.
function(_allmende_precompile name)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  _allmende_cacheable_header(${name})
  # Some libraries ask for -pthread, and a header compiled without it does not serve units compiled with it.
  target_compile_options(${name} PRIVATE ${ALLMENDE_WARNINGS} -pthread)
endfunction()

# What ccache must be told before it caches units that use a precompiled header.
function(_allmende_cacheable_header name)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE -fpch-preprocess)
  else()
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

function(allmende_share_header name header)
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_precompile_headers(${name} REUSE_FROM ${header})
    target_compile_options(${name} PRIVATE -pthread)
    _allmende_cacheable_header(${name})
  endif()
endfunction()

# An executable for tests and a library for libraries, since a header compiled with -fPIE does not serve -fPIC.
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/pch/main.cc CONTENT "int main() {}\n")
add_executable(pch_tests EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/pch/main.cc)
target_link_libraries(pch_tests PRIVATE GTest::gmock)
_allmende_precompile(pch_tests <string> <vector> <gmock/gmock.h> <gtest/gtest.h>)

file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/pch/empty.cc CONTENT "\n")
add_library(pch_grpc STATIC EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/pch/empty.cc)
target_link_libraries(pch_grpc PRIVATE gRPC::grpc++)
_allmende_precompile(pch_grpc <string> <vector> <grpcpp/grpcpp.h>)
