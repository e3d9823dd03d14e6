#pragma once

#include <cstddef>
#include <string>

namespace heed::cuda {

// What Heed calls of NCCL 2, declared as nccl.h does: neither the build nor the tests need NCCL. Where a build with
// nvcc finds the header, library.cu compares.

using NcclComm = struct NcclOpaqueComm*;
using NcclStream = void*;  ///< a cudaStream_t

/// All others are errors.
enum class NcclResult : int { success = 0, in_progress = 7 };
enum class NcclType : int { f32 = 7 };
enum class NcclOperation : int { sum = 0 };

struct NcclUniqueId {
    char bytes[128];
};

/// The settings of a communicator as they began in NCCL 2.14; newer versions take what is not here from themselves.
struct NcclConfig {
    size_t size = 20;  ///< of what is here, without padding
    unsigned magic = 0xcafebeef;
    unsigned version = 21400;
    int blocking = 0;  ///< calls return at once, and async_error tells when they are done
};

/// The functions of NCCL that Heed calls, out of a library that is loaded when several ranks train on cards.
struct NcclLibrary {
    std::string missing;  ///< why it cannot be used; empty where it can

    NcclResult (*get_version)(int* version) = nullptr;
    const char* (*result_text)(NcclResult) = nullptr;
    const char* (*last_error)(NcclComm) = nullptr;
    NcclResult (*make_unique_id)(NcclUniqueId*) = nullptr;
    NcclResult (*init_rank)(NcclComm*, int ranks, NcclUniqueId, int rank, NcclConfig*) = nullptr;
    NcclResult (*async_error)(NcclComm, NcclResult* state) = nullptr;
    NcclResult (*finalize)(NcclComm) = nullptr;
    NcclResult (*destroy)(NcclComm) = nullptr;
    NcclResult (*abort)(NcclComm) = nullptr;
    NcclResult (*group_start)() = nullptr;
    NcclResult (*group_end)() = nullptr;
    NcclResult (*all_reduce)(const void* from, void* to, size_t count, NcclType, NcclOperation, NcclComm,
                             NcclStream) = nullptr;
    NcclResult (*reduce_scatter)(const void* from, void* to, size_t count_of_rank, NcclType, NcclOperation, NcclComm,
                                 NcclStream) = nullptr;
    NcclResult (*reduce)(const void* from, void* to, size_t count, NcclType, NcclOperation, int root, NcclComm,
                         NcclStream) = nullptr;
    NcclResult (*all_gather)(const void* from, void* to, size_t count_of_rank, NcclType, NcclComm,
                             NcclStream) = nullptr;
    NcclResult (*broadcast)(const void* from, void* to, size_t count, NcclType, int root, NcclComm,
                            NcclStream) = nullptr;

    /// "NCCL 2.28.9", or "none (no libnccl.so.2)".
    std::string name() const {
        if (!missing.empty()) return "none (" + missing + ")";
        int version = 0;
        get_version(&version);
        return "NCCL " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
               std::to_string(version % 100);
    }
};

/// The one of this process, loaded at the first call and never unloaded, unless the environment variable HEED_NCCL is
/// "off". Throws UserError for another value of it than "on", "off" and nothing. Null in a program without CUDA
/// objects.
[[gnu::weak]] const NcclLibrary& nccl_library();

}  // namespace heed::cuda
