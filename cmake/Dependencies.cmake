# Finds everything Heed is built on, prints one table, and ends with one error that names all that is missing.
set(heed_dependency_table "")
set(heed_missing_packages "")

# Fills the text in `variable` up to the width of a column.
macro(heed_pad variable)
  string(LENGTH "${${variable}}" width)
  math(EXPR padding "16 - ${width}")
  string(REPEAT " " ${padding} padding)
  string(APPEND ${variable} "${padding}")
endmacro()

# Adds a row to the table.
macro(heed_table_row name version found source)
  foreach(column "${name}" "${version}" "${found}")
    heed_pad(column)
    string(APPEND heed_dependency_table "${column}")
  endforeach()
  string(APPEND heed_dependency_table "${source}\n")
endmacro()

# heed_dependency(NAME VERSION FOUND_VARIABLE APT_PACKAGE [OPTIONAL])
macro(heed_dependency name version found apt_package)
  if(${found})
    set(row_version "${version}")
    set(row_found "yes")
  elseif("${ARGN}" STREQUAL "OPTIONAL")
    set(row_version "")
    set(row_found "no (optional)")
  else()
    set(row_version "")
    set(row_found "MISSING")
    list(APPEND heed_missing_packages ${apt_package})
  endif()
  heed_table_row("${name}" "${row_version}" "${row_found}" "${apt_package}")
endmacro()

# Debian's oneDNN has an OpenCL runtime: its CMake configuration stops with an error of its own where OpenCL is missing.
find_package(OpenCL QUIET)
heed_dependency(OpenCL "${OpenCL_VERSION_STRING}" OpenCL_FOUND ocl-icd-opencl-dev)
if(OpenCL_FOUND)
  find_package(dnnl CONFIG QUIET)
endif()
heed_dependency(oneDNN "${dnnl_VERSION}" dnnl_FOUND libdnnl-dev)

find_package(yaml-cpp CONFIG QUIET)
heed_dependency(yaml-cpp "${yaml-cpp_VERSION}" yaml-cpp_FOUND libyaml-cpp-dev)
if(TARGET yaml-cpp AND NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

find_package(CLI11 CONFIG QUIET)
heed_dependency(CLI11 "${CLI11_VERSION}" CLI11_FOUND libcli11-dev)

find_package(nlohmann_json CONFIG QUIET)
heed_dependency(nlohmann_json "${nlohmann_json_VERSION}" nlohmann_json_FOUND nlohmann-json3-dev)

find_package(Eigen3 CONFIG QUIET)
heed_dependency(Eigen "${Eigen3_VERSION}" Eigen3_FOUND libeigen3-dev)

find_package(fmt CONFIG QUIET)
heed_dependency(fmt "${fmt_VERSION}" fmt_FOUND libfmt-dev)

find_package(ZLIB QUIET)
heed_dependency(zlib "${ZLIB_VERSION_STRING}" ZLIB_FOUND zlib1g-dev)

find_package(PNG QUIET)
heed_dependency(libpng "${PNG_VERSION_STRING}" PNG_FOUND libpng-dev)

find_package(JPEG QUIET)
heed_dependency(libjpeg "${JPEG_VERSION}" JPEG_FOUND libjpeg62-turbo-dev)

find_package(LibLZMA QUIET)
heed_dependency(liblzma "${LIBLZMA_VERSION_STRING}" LIBLZMA_FOUND liblzma-dev)

# heed data get: transfers, checksums, archives.
find_package(CURL QUIET)
heed_dependency(libcurl "${CURL_VERSION_STRING}" CURL_FOUND libcurl4-openssl-dev)

find_package(OpenSSL QUIET COMPONENTS Crypto)
heed_dependency(OpenSSL "${OPENSSL_VERSION}" OPENSSL_FOUND libssl-dev)

find_package(LibArchive QUIET)
heed_dependency(libarchive "${LibArchive_VERSION}" LibArchive_FOUND libarchive-dev)

include(TextLibraries)
heed_dependency(sentencepiece "" SentencePiece_FOUND libsentencepiece-dev)
heed_dependency(utf8proc "" utf8proc_FOUND libutf8proc-dev)
heed_dependency(libcsv "" libcsv_FOUND libcsv-dev)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
if(HEED_THREADS STREQUAL "openmp")
  find_package(OpenMP QUIET COMPONENTS CXX)
  heed_dependency(OpenMP "${OpenMP_CXX_VERSION}" OpenMP_CXX_FOUND g++)
endif()

# Trainings of several processes (core/ranks).
if(HEED_MPI STREQUAL "OFF")
  heed_table_row(MPI "" "switched off" libopenmpi-dev)
else()
  set(MPI_CXX_SKIP_MPICXX ON)  # its C interface alone is used
  find_package(MPI QUIET COMPONENTS CXX)
  if(HEED_MPI STREQUAL "ON")
    heed_dependency(MPI "${MPI_CXX_VERSION}" MPI_CXX_FOUND libopenmpi-dev)
  else()
    heed_dependency(MPI "${MPI_CXX_VERSION}" MPI_CXX_FOUND libopenmpi-dev OPTIONAL)
  endif()
endif()

if(HEED_TESTS)
  find_package(GTest CONFIG QUIET)
  heed_dependency(GoogleTest "${GTest_VERSION}" GTest_FOUND libgtest-dev)
endif()

# Without these there is no device cuda, or it multiplies and attends with kernels of its own. NCCL is not asked for: it is
# loaded when several processes train on cards.
set(heed_cuda_source "./heed packages cuda")
if(HEED_CUDA STREQUAL "OFF")
  heed_table_row("CUDA (nvcc)" "" "switched off" "${heed_cuda_source}")
else()
  heed_dependency("CUDA (nvcc)" "${CMAKE_CUDA_COMPILER_VERSION}" heed_cuda_built "${heed_cuda_source}" OPTIONAL)
endif()
if(heed_cuda_built)
  heed_dependency(cuBLASLt "${heed_cublas_version}" HEED_CUBLAS_HEADER "${heed_cuda_source}" OPTIONAL)
  if(HEED_CUDNN STREQUAL "OFF")
    heed_table_row(cuDNN "" "switched off" "${heed_cuda_source}")
  else()
    heed_dependency(cuDNN "${heed_cudnn_version}" heed_cudnn_built "${heed_cuda_source}" OPTIONAL)
  endif()
endif()

string(STRIP "${heed_dependency_table}" heed_dependency_table)
string(SHA1 table_checksum "${heed_dependency_table}")
if(NOT table_checksum STREQUAL HEED_DEPENDENCIES_SHOWN)
  message("\nDependency      Version         Found           From\n${heed_dependency_table}\n")
  set(HEED_DEPENDENCIES_SHOWN ${table_checksum} CACHE INTERNAL "Checksum of the table of the last configuration")
endif()
if(heed_missing_packages)
  list(JOIN heed_missing_packages " " heed_missing_packages)
  message(FATAL_ERROR "Heed needs what the table above calls MISSING. On Debian or Ubuntu:\n"
    "  sudo apt-get install ${heed_missing_packages}\n")
endif()
