# allmende_library(NAME [SOURCES ...] [DEPS ...] [PRIVATE_DEPS ...])   the one library of a folder
# allmende_binary(NAME SOURCES ... [DEPS ...])                          an executable in <build>/bin
# allmende_test(NAME SOURCES ... [DEPS ...])                            one GoogleTest binary a folder, run by ctest
# allmende_benchmark(NAME SOURCES ... [DEPS ...])                       a Google Benchmark binary
#
# A target is named after its folder (sdk/format -> sdk_format). Every call is recorded in <build>/targets.txt, which a
# test compares with the Bazel build.
set_property(GLOBAL PROPERTY ALLMENDE_TARGETS "")

set(ALLMENDE_INCLUDES $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/sdk/include>)

function(_allmende_common name)
  target_include_directories(${name} PUBLIC ${ALLMENDE_INCLUDES})
  target_compile_options(${name} PRIVATE ${ALLMENDE_WARNINGS})
endfunction()

function(_allmende_record kind name sources deps)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE folder)
  list(REMOVE_ITEM deps "")
  list(JOIN sources "," sources)
  list(JOIN deps "," deps)
  set_property(GLOBAL APPEND PROPERTY ALLMENDE_TARGETS "${kind}|${name}|${folder}|${sources}|${deps}")
endfunction()

function(allmende_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    _allmende_common(${name})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
    if("${ARG_DEPS};${ARG_PRIVATE_DEPS}" MATCHES "gRPC::grpc|proto_services")
      allmende_share_header(${name} pch_grpc)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${ALLMENDE_INCLUDES})
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
  endif()
  _allmende_record(library ${name} "${ARG_SOURCES}" "${ARG_DEPS};${ARG_PRIVATE_DEPS}")
endfunction()

function(allmende_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _allmende_common(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  _allmende_record(binary ${name} "${ARG_SOURCES}" "${ARG_DEPS}")
endfunction()

function(allmende_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  _allmende_common(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  allmende_share_header(${name} pch_tests)
  target_compile_definitions(${name} PRIVATE ALLMENDE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # Without the parameters' values, which hold addresses where a test does not print them: names stay the same from run to
  # run.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}:" NO_PRETTY_VALUES
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

function(allmende_benchmark name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _allmende_common(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} benchmark::benchmark_main)
  target_compile_definitions(${name} PRIVATE ALLMENDE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endfunction()

# Writes what was recorded; called once, after every folder.
function(allmende_write_targets)
  get_property(targets GLOBAL PROPERTY ALLMENDE_TARGETS)
  list(JOIN targets "\n" lines)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/targets.txt CONTENT "${lines}\n" @ONLY)
endfunction()
