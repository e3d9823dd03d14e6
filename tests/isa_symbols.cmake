# cmake -P isa_symbols.cmake NM ISA OBJECTS...
#
# A function that several object files define (an inline function, a template) is kept once by the linker, from any of
# them. Were one compiled for AVX-512 kept, the program would die on machines without it. So kernels may share such
# functions only inside heed::ISA, which no other file uses.
set(objects "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE 5 ${last})
  list(APPEND objects "${CMAKE_ARGV${index}}")
endforeach()
set(nm "${CMAKE_ARGV3}")
set(isa "${CMAKE_ARGV4}")
if(NOT objects)
  message(FATAL_ERROR "expected object files to look at, got none")
endif()

execute_process(COMMAND "${nm}" -A --defined-only ${objects} OUTPUT_VARIABLE symbols RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${nm} failed")
endif()
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
list(LENGTH symbols count)
string(LENGTH "${isa}" length)
list(FILTER symbols INCLUDE REGEX " [WVu] ")
list(FILTER symbols EXCLUDE REGEX "4heed${length}${isa}")
if(symbols)
  list(JOIN symbols "\n  " symbols)
  message(FATAL_ERROR "shared functions outside heed::${isa}, compiled for ${isa}:\n  ${symbols}")
endif()
message("${count} symbols, none of them shared with other files")
