# Flags of every file. The program must run on any x86-64-v2 machine: newer instructions are only in the kernels that
# are chosen at run time (IsaKernels.cmake).
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  message(FATAL_ERROR "Heed's kernels are written for x86-64, this machine is ${CMAKE_SYSTEM_PROCESSOR}.")
endif()

# Options of C++ alone: nvcc has its own (Cuda.cmake).
macro(heed_compile_options)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${ARGV}>")
endmacro()

heed_compile_options(-march=x86-64-v2 -Wall -Wextra -Wpedantic -Wshadow
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=" "-ffile-prefix-map=${PROJECT_BINARY_DIR}/=")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  heed_compile_options(-Wno-restrict)  # GCC 12 warns of std::string's own operator+.
endif()
# The kernels ask for -O3 themselves (IsaKernels.cmake), and nothing else computes.
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
add_link_options(-Wl,--as-needed)
if(HEED_WERROR)
  heed_compile_options(-Werror)
endif()
# For what computes nothing (heed_cold in Library.cmake, the programs of the tests).
set(heed_cold_options -O1)
if(HEED_SANITIZE)
  set(heed_cold_options -O0)
  # GCC's -Wmaybe-uninitialized is wrong too often in instrumented code.
  add_compile_options(-O1 -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all -Wno-maybe-uninitialized)
  add_compile_options("-fsanitize=${HEED_SANITIZE}")
  add_link_options("-fsanitize=${HEED_SANITIZE}")
endif()

if(HEED_FUZZ)
  add_compile_options(-fsanitize-coverage=trace-pc)
endif()

if(HEED_EACH_FILE)
  set(heed_cold_options "")
  add_compile_options(-O0 -fsyntax-only)
endif()

find_program(HEED_CCACHE ccache)
if(HEED_CCACHE AND NOT HEED_EACH_FILE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  # Without this ccache would not keep what is compiled with a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros "${HEED_CCACHE}")
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${HEED_CCACHE}")
endif()
mark_as_advanced(HEED_CCACHE)

find_program(HEED_FAST_LINKER NAMES mold ld.lld)
if(HEED_FAST_LINKER)
  get_filename_component(linker "${HEED_FAST_LINKER}" NAME)
  string(REPLACE "ld.lld" "lld" linker "${linker}")
  add_link_options("-fuse-ld=${linker}")
endif()
mark_as_advanced(HEED_FAST_LINKER)
