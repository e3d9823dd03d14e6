# heed_commit(TARGET FILES...): compiles the current commit into TARGET. Git is asked again when HEAD moved or one of
# FILES changed; only one small file depends on the answer.
#
# The same file, run as a script with SOURCE, OUTPUT and STAMP, writes that file.
if(CMAKE_SCRIPT_MODE_FILE)
  set(commit unknown)
  find_program(git git)
  if(git)
    execute_process(COMMAND "${git}" describe --always --dirty --abbrev=12 --exclude=*
      WORKING_DIRECTORY "${SOURCE}" OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
      RESULT_VARIABLE result ERROR_QUIET)
    if(result EQUAL 0)
      set(commit "${answer}")
    endif()
  endif()
  configure_file("${SOURCE}/cmake/commit.cpp.in" "${OUTPUT}" @ONLY)
  file(TOUCH "${STAMP}")
  return()
endif()

function(heed_commit target)
  set(output "${PROJECT_BINARY_DIR}/generated/commit.cpp")
  set(stamp "${PROJECT_BINARY_DIR}/generated/commit.stamp")
  set(git_files "")
  foreach(name HEAD logs/HEAD)
    execute_process(COMMAND git rev-parse --git-path ${name}
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE
      RESULT_VARIABLE result ERROR_QUIET)
    if(result EQUAL 0)
      get_filename_component(path "${path}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
      if(EXISTS "${path}")
        list(APPEND git_files "${path}")
      endif()
    endif()
  endforeach()
  set(watched ${ARGN})
  if(HEED_EACH_FILE)
    set(watched "")  # there are no libraries
  endif()
  add_custom_command(OUTPUT "${stamp}" BYPRODUCTS "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DOUTPUT=${output}" "-DSTAMP=${stamp}"
      -P "${PROJECT_SOURCE_DIR}/cmake/Commit.cmake"
    DEPENDS ${git_files} ${watched} "${PROJECT_SOURCE_DIR}/cmake/Commit.cmake" "${PROJECT_SOURCE_DIR}/cmake/commit.cpp.in"
    COMMENT "Asking git for the commit" VERBATIM)
  target_sources(${target} PRIVATE "${stamp}" "${output}")
endfunction()
