# cmake --install: the program, the libraries with their headers under include/heed, what find_package(heed) reads, and
# the recipes, experiments and benchmarks under share/heed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/heed")

install(TARGETS heed_base EXPORT heedTargets)
foreach(folder core attention layers datasets trainers)
  install(TARGETS heed_${folder} heed_${folder}_headers EXPORT heedTargets)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/heed/${folder}"
    FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/recipes" "${PROJECT_SOURCE_DIR}/experiments" "${PROJECT_SOURCE_DIR}/cab" DESTINATION "${CMAKE_INSTALL_DATADIR}/heed")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/heed")

install(EXPORT heedTargets NAMESPACE heed:: DESTINATION "${package_folder}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/heedConfig.cmake.in" "${PROJECT_BINARY_DIR}/heedConfig.cmake"
  INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/heedConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/heedConfig.cmake" "${PROJECT_BINARY_DIR}/heedConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/TextLibraries.cmake" DESTINATION "${package_folder}")
