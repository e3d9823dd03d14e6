# Files named *.isa.cpp hold vector kernels. Each is compiled once for every instruction set Heed chooses from at run
# time, with HEED_ISA as the name of the namespace it lives in.
set(heed_isa_names baseline avx2 avx512)
set(heed_isa_flags_baseline -march=x86-64-v2)
set(heed_isa_flags_avx2 -march=x86-64-v3)
set(heed_isa_flags_avx512 -march=x86-64-v4 -mprefer-vector-width=512)

# Contraction and the freedom to ignore errno and traps are fixed here; anything that changes the value of a single
# operation (-ffast-math) is not wanted. Vector parameters only pass between functions of one file: no ABI to warn of.
set(heed_isa_flags -ffp-contract=fast -fno-math-errno -fno-trapping-math -Wno-psabi)
if(NOT HEED_SANITIZE AND NOT HEED_EACH_FILE)
  list(PREPEND heed_isa_flags -O3)
endif()

function(heed_add_isa_kernels target kernels libraries)
  foreach(isa IN LISTS heed_isa_names)
    set(objects ${target}_${isa})
    add_library(${objects} OBJECT ${kernels})
    target_compile_definitions(${objects} PRIVATE HEED_ISA=${isa})
    target_compile_options(${objects} PRIVATE ${heed_isa_flags} ${heed_isa_flags_${isa}})
    target_link_libraries(${objects} PRIVATE ${libraries})
    if(HEED_UNITY)
      set_target_properties(${objects} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 14)
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    set_property(GLOBAL APPEND PROPERTY heed_isa_objects_${isa} $<TARGET_OBJECTS:${objects}>)
  endforeach()
endfunction()
