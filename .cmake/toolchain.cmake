# Language level, warnings as errors, ccache and a faster linker where present, sanitizers by ALLMENDE_SANITIZE.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

set(ALLMENDE_SANITIZE "" CACHE STRING "sanitizers to build with: empty, address, or thread")

find_program(ALLMENDE_CCACHE ccache)
if(ALLMENDE_CCACHE)
  # Absolute paths are rewritten relative to the build folder, so build folders of one depth share the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
      ${ALLMENDE_CCACHE})
endif()

find_program(ALLMENDE_MOLD mold)
find_program(ALLMENDE_LLD ld.lld)
if(ALLMENDE_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(ALLMENDE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Warnings for our own code only; generated code and system headers are exempt (see targets.cmake).
set(ALLMENDE_WARNINGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees these inside the standard library where they are not; whether it does depends on such things as the
  # length of the build folder's name. They are shown, and stop nobody.
  list(APPEND ALLMENDE_WARNINGS -Wno-error=array-bounds -Wno-error=maybe-uninitialized -Wno-error=restrict
       -Wno-error=stringop-overflow -Wno-error=stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND ALLMENDE_WARNINGS -Wthread-safety)
endif()

if(ALLMENDE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(ALLMENDE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT ALLMENDE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "ALLMENDE_SANITIZE is `${ALLMENDE_SANITIZE}`; use `address`, `thread` or nothing")
endif()
