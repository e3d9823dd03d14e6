#include "heed/core/cuda/nccl/library.h"

#include "heed/core/cuda/library_switch.h"
#include "heed/core/cuda/run_time_library.h"

#if defined(__CUDACC__) && __has_include(<nccl.h>)
#include <nccl.h>
static_assert(sizeof(heed::cuda::NcclUniqueId) == sizeof(ncclUniqueId));
static_assert(sizeof(heed::cuda::NcclResult) == sizeof(ncclResult_t));
static_assert(static_cast<int>(heed::cuda::NcclResult::success) == ncclSuccess);
static_assert(static_cast<int>(heed::cuda::NcclResult::in_progress) == ncclInProgress);
static_assert(static_cast<int>(heed::cuda::NcclType::f32) == ncclFloat32);
static_assert(static_cast<int>(heed::cuda::NcclOperation::sum) == ncclSum);
static_assert(offsetof(heed::cuda::NcclConfig, magic) == offsetof(ncclConfig_t, magic));
static_assert(offsetof(heed::cuda::NcclConfig, version) == offsetof(ncclConfig_t, version));
static_assert(offsetof(heed::cuda::NcclConfig, blocking) == offsetof(ncclConfig_t, blocking));
static_assert(heed::cuda::NcclConfig().size == offsetof(ncclConfig_t, blocking) + sizeof(int));
#endif

namespace heed::cuda {

namespace {

/// The loader's paths (LD_LIBRARY_PATH, the system's) come first, then where NVIDIA's packages put it.
constexpr const char* nccl_names[] = {"libnccl.so.2", "/usr/local/cuda/lib64/libnccl.so.2",
                                      "/usr/local/cuda/lib/libnccl.so.2"};

bool find_all_of_nccl(void* opened, NcclLibrary& library) {
    return find_function(opened, "ncclGetVersion", library.get_version) &&
           find_function(opened, "ncclGetErrorString", library.result_text) &&
           find_function(opened, "ncclGetLastError", library.last_error) &&
           find_function(opened, "ncclGetUniqueId", library.make_unique_id) &&
           find_function(opened, "ncclCommInitRankConfig", library.init_rank) &&
           find_function(opened, "ncclCommGetAsyncError", library.async_error) &&
           find_function(opened, "ncclCommFinalize", library.finalize) &&
           find_function(opened, "ncclCommDestroy", library.destroy) &&
           find_function(opened, "ncclCommAbort", library.abort) &&
           find_function(opened, "ncclGroupStart", library.group_start) &&
           find_function(opened, "ncclGroupEnd", library.group_end) &&
           find_function(opened, "ncclAllReduce", library.all_reduce) &&
           find_function(opened, "ncclReduceScatter", library.reduce_scatter) &&
           find_function(opened, "ncclReduce", library.reduce) &&
           find_function(opened, "ncclAllGather", library.all_gather) &&
           find_function(opened, "ncclBroadcast", library.broadcast);
}

/// The first library that has all functions: NCCL 2.14 and newer.
NcclLibrary load_nccl() {
    NcclLibrary library;
    if (!is_library_wanted("HEED_NCCL")) {
        library.missing = "HEED_NCCL=off";
        return library;
    }
    library.missing = open_library(nccl_names, "no libnccl.so.2", [&](void* opened, const char* name) {
        if (find_all_of_nccl(opened, library)) return std::string();
        return std::string(name) + " lacks functions that NCCL has from 2.14 on";
    });
    return library;
}

}  // namespace

const NcclLibrary& nccl_library() {
    static const NcclLibrary library = load_nccl();
    return library;
}

}  // namespace heed::cuda
