# heed_library(NAME [COLD] [PUBLIC dependencies...] [PRIVATE dependencies...])
#
# Makes the target heed::NAME of the current folder from all its *.cpp files. A folder sees the headers of the folders
# it links to and no others, so that an include against the direction of the arrows does not compile.
include(IsaKernels)

# What all of Heed shares: the language, the choice of threads.
add_library(heed_base INTERFACE)
add_library(heed::base ALIAS heed_base)
set_target_properties(heed_base PROPERTIES EXPORT_NAME base)
target_compile_features(heed_base INTERFACE cxx_std_20)
if(HEED_THREADS STREQUAL "openmp")
  target_compile_definitions(heed_base INTERFACE HEED_THREADS_OPENMP)
  target_link_libraries(heed_base INTERFACE OpenMP::OpenMP_CXX Threads::Threads)
else()
  target_compile_definitions(heed_base INTERFACE HEED_THREADS_STD)
  target_link_libraries(heed_base INTERFACE Threads::Threads)
endif()

# The headers of the folder `name` as "heed/NAME/...", through a link in the build tree.
function(heed_headers name)
  set(root "${PROJECT_BINARY_DIR}/include/${name}")
  file(MAKE_DIRECTORY "${root}/heed")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${root}/heed/${name}" SYMBOLIC)
  add_library(heed_${name}_headers INTERFACE)
  set_target_properties(heed_${name}_headers PROPERTIES EXPORT_NAME ${name}_headers)
  target_include_directories(heed_${name}_headers INTERFACE
    "$<BUILD_INTERFACE:${root}>" "$<INSTALL_INTERFACE:include>")
endfunction()

# Adds to `target` the plain sources and the kernels among `files`.
function(heed_target_files target files libraries)
  set(kernels ${files})
  list(FILTER kernels INCLUDE REGEX "\\.isa\\.cpp$")
  list(FILTER files EXCLUDE REGEX "\\.isa\\.cpp$")
  target_sources(${target} PRIVATE ${files})
  if(HEED_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 14)
  endif()
  if(kernels)
    heed_add_isa_kernels(${target} "${kernels}" "${libraries}")
  endif()
endfunction()

# For files that compute nothing: quick to compile matters more than quick to run.
function(heed_cold target)
  target_compile_options(${target} PRIVATE ${heed_cold_options})
endfunction()

function(heed_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "COLD" "" "PUBLIC;PRIVATE")
  heed_headers(${name})
  set(public heed_base heed_${name}_headers ${arg_PUBLIC})
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(files)
    add_library(heed_${name} STATIC)
    set_target_properties(heed_${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(heed_${name} PUBLIC ${public} PRIVATE ${arg_PRIVATE})
    if(arg_COLD)
      heed_cold(heed_${name})
    endif()
    heed_target_files(heed_${name} "${files}" "${public};${arg_PRIVATE}")
  else()
    add_library(heed_${name} INTERFACE)
    target_link_libraries(heed_${name} INTERFACE ${public})
  endif()
  add_library(heed::${name} ALIAS heed_${name})
  set_target_properties(heed_${name} PROPERTIES EXPORT_NAME ${name})
endfunction()
