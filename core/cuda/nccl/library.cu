#include "heed/core/cuda/nccl/library.h"

#include <dlfcn.h>

#include "heed/core/cuda/library_switch.h"

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

template <class Function>
bool find_nccl(void* opened, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(opened, name));
    return function != nullptr;
}

bool find_all_of_nccl(void* opened, NcclLibrary& library) {
    return find_nccl(opened, "ncclGetVersion", library.get_version) &&
           find_nccl(opened, "ncclGetErrorString", library.result_text) &&
           find_nccl(opened, "ncclGetLastError", library.last_error) &&
           find_nccl(opened, "ncclGetUniqueId", library.make_unique_id) &&
           find_nccl(opened, "ncclCommInitRankConfig", library.init_rank) &&
           find_nccl(opened, "ncclCommGetAsyncError", library.async_error) &&
           find_nccl(opened, "ncclCommFinalize", library.finalize) &&
           find_nccl(opened, "ncclCommDestroy", library.destroy) && find_nccl(opened, "ncclCommAbort", library.abort) &&
           find_nccl(opened, "ncclGroupStart", library.group_start) &&
           find_nccl(opened, "ncclGroupEnd", library.group_end) &&
           find_nccl(opened, "ncclAllReduce", library.all_reduce) &&
           find_nccl(opened, "ncclReduceScatter", library.reduce_scatter) &&
           find_nccl(opened, "ncclReduce", library.reduce) && find_nccl(opened, "ncclAllGather", library.all_gather) &&
           find_nccl(opened, "ncclBroadcast", library.broadcast);
}

/// The first library that has all functions: NCCL 2.14 and newer.
NcclLibrary load_nccl() {
    NcclLibrary library;
    if (!is_library_wanted("HEED_NCCL")) {
        library.missing = "HEED_NCCL=off";
        return library;
    }
    library.missing = "no libnccl.so.2";
    for (const char* name : nccl_names) {
        void* const opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (!opened) continue;
        if (find_all_of_nccl(opened, library)) {
            library.missing.clear();
            return library;
        }
        library.missing = std::string(name) + " lacks functions that NCCL has from 2.14 on";
        dlclose(opened);
    }
    return library;
}

}  // namespace

const NcclLibrary& nccl_library() {
    static const NcclLibrary library = load_nccl();
    return library;
}

}  // namespace heed::cuda
