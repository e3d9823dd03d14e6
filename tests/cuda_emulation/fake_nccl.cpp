#include "heed/tests/cuda_emulation/fake_nccl.h"

#include <algorithm>
#include <cstring>

#include "heed/tests/cuda_emulation/device_memory.h"
#include "heed/tests/cuda_emulation/streams.h"

namespace cuda_emulation {

using heed::cuda::NcclComm;
using heed::cuda::NcclConfig;
using heed::cuda::NcclLibrary;
using heed::cuda::NcclOperation;
using heed::cuda::NcclResult;
using heed::cuda::NcclStream;
using heed::cuda::NcclType;
using heed::cuda::NcclUniqueId;

struct FakeNccl::Comm {
    size_t rank = 0;
    size_t started = 0;
    int turns = 0;  ///< how often it has to be asked before it is settled
};

namespace {

FakeNccl* only_fake = nullptr;
thread_local int group_depth = 0;
thread_local std::string refusal;  // the last one of this thread

constexpr NcclResult invalid_argument{4}, remote_error{6};  // as in nccl.h
constexpr const char* fake_id = "an identifier";

}  // namespace

FakeNccl& FakeNccl::instance() {
    return *only_fake;
}

FakeNccl::FakeNccl(int ranks)
    : ranks_(static_cast<size_t>(ranks)), calls_(ranks_), refuses_(ranks_, false), broken_(ranks_, false) {
    only_fake = this;
    library_.get_version = [](int* version) {
        *version = 22809;
        return NcclResult::success;
    };
    library_.result_text = [](NcclResult result) {
        return result == remote_error ? "remote process exited or there was a network error" : "invalid argument";
    };
    library_.last_error = [](NcclComm) { return refusal.c_str(); };
    library_.make_unique_id = [](NcclUniqueId* id) {
        if (instance().bootstrap_broken_) return remote_error;
        std::strcpy(id->bytes, fake_id);
        return NcclResult::success;
    };
    library_.init_rank = [](NcclComm* comm, int count, NcclUniqueId id, int rank, NcclConfig* config) {
        return instance().init(comm, count, id, rank, *config);
    };
    library_.async_error = [](NcclComm comm, NcclResult* state) {
        *state = instance().state_of(*reinterpret_cast<Comm*>(comm));
        return NcclResult::success;
    };
    library_.finalize = [](NcclComm comm) {
        reinterpret_cast<Comm*>(comm)->turns = 3;
        return NcclResult::in_progress;
    };
    library_.destroy = [](NcclComm comm) {
        delete reinterpret_cast<Comm*>(comm);
        ++instance().destroyed_;
        return NcclResult::success;
    };
    library_.abort = [](NcclComm comm) {
        delete reinterpret_cast<Comm*>(comm);
        ++instance().aborted_;
        return NcclResult::success;
    };
    library_.group_start = [] {
        ++group_depth;
        return NcclResult::success;
    };
    library_.group_end = [] {
        --group_depth;
        return NcclResult::success;
    };
    library_.all_reduce = [](const void* from, void* to, size_t count, NcclType, NcclOperation, NcclComm comm,
                             NcclStream stream) {
        return instance().call({"AllReduce", count}, from, to, comm, stream);
    };
    library_.reduce_scatter = [](const void* from, void* to, size_t count, NcclType, NcclOperation, NcclComm comm,
                                 NcclStream stream) {
        return instance().call({"ReduceScatter", count}, from, to, comm, stream);
    };
    library_.reduce = [](const void* from, void* to, size_t count, NcclType, NcclOperation, int root, NcclComm comm,
                         NcclStream stream) {
        return instance().call({"Reduce", count, root}, from, to, comm, stream);
    };
    library_.all_gather = [](const void* from, void* to, size_t count, NcclType, NcclComm comm, NcclStream stream) {
        return instance().call({"AllGather", count}, from, to, comm, stream);
    };
    library_.broadcast = [](const void* from, void* to, size_t count, NcclType, int root, NcclComm comm,
                            NcclStream stream) {
        return instance().call({"Broadcast", count, root}, from, to, comm, stream);
    };
}

FakeNccl::~FakeNccl() {
    only_fake = nullptr;
}

std::vector<FakeNccl::Call> FakeNccl::calls(int rank) const {
    const std::lock_guard lock(mutex_);
    return calls_[static_cast<size_t>(rank)];
}

void FakeNccl::hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
}

void FakeNccl::release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    run_complete_ones();
}

void FakeNccl::refuse_next(int rank) {
    const std::lock_guard lock(mutex_);
    refuses_[static_cast<size_t>(rank)] = true;
}

void FakeNccl::break_link(int rank) {
    const std::lock_guard lock(mutex_);
    broken_[static_cast<size_t>(rank)] = true;
}

NcclResult FakeNccl::refuse(const std::string& why) {
    refusal = why;
    return invalid_argument;
}

NcclResult FakeNccl::init(NcclComm* comm, int ranks, const NcclUniqueId& id, int rank, const NcclConfig& config) {
    const std::lock_guard lock(mutex_);
    int card = 0;
    cudaGetDevice(&card);
    refusal.clear();
    if (static_cast<size_t>(ranks) != ranks_) return refuse("another number of ranks");
    if (std::strcmp(id.bytes, fake_id) != 0) return refuse("another identifier");
    if (config.blocking != 0 || config.magic != 0xcafebeef || config.size != 20) return refuse("unknown settings");
    if (std::count(cards_.begin(), cards_.end(), card) > 0) return refuse("two ranks use one card");
    cards_.push_back(card);
    *comm = reinterpret_cast<NcclComm>(new Comm{static_cast<size_t>(rank), 0, 2});
    ++joined_;
    return NcclResult::in_progress;
}

NcclResult FakeNccl::state_of(Comm& comm) {
    const std::lock_guard lock(mutex_);
    if (broken_[comm.rank]) return remote_error;
    if (joined_ < ranks_ || comm.turns > 0) {
        --comm.turns;
        return NcclResult::in_progress;
    }
    return NcclResult::success;
}

NcclResult FakeNccl::call(const Call& call, const void* from, void* to, NcclComm opaque, NcclStream opaque_stream) {
    Comm& comm = *reinterpret_cast<Comm*>(opaque);
    auto* const stream = static_cast<cudaStream_t>(opaque_stream);
    const std::lock_guard lock(mutex_);
    if (refuses_[comm.rank]) return refuse("it was told to");
    if (comm.turns > 0) return refuse("the last call is not settled");
    const bool gathers = call.name == "AllGather", scatters = call.name == "ReduceScatter";
    const size_t own = call.count * sizeof(float), all = own * ranks_;
    DeviceMemory& memory = DeviceMemory::instance();
    if (!memory.holds(from, scatters ? all : own) || !memory.holds(to, gathers ? all : own))
        return refuse("memory that is not the card's");
    if (!comes_after_all_launched(stream)) return refuse("the stream does not wait for the values");
    const auto* const source = static_cast<const float*>(from);
    auto* const target = static_cast<float*>(to);
    const float* const in_place = gathers ? target + comm.rank * call.count : target;
    if (source + (scatters ? comm.rank * call.count : 0) != in_place) return refuse("an operation not in place");
    start(comm, call, {source, target}, stream);
    if (group_depth > 0) return NcclResult::success;
    comm.turns = 2;
    return NcclResult::in_progress;
}

void FakeNccl::start(Comm& comm, const Call& call, const Part& part, cudaStream_t stream) {
    calls_[comm.rank].push_back(call);
    const size_t number = comm.started++;
    if (number == operations_.size()) {
        operations_.emplace_back();
        operations_.back().call = call;
        operations_.back().parts.resize(ranks_);
    }
    Operation& operation = operations_[number];
    operation.parts[comm.rank] = part;
    if (operation.call == call) ++operation.started;  // else they wait for ever, as in NCCL
    put_on(stream, operation.done);
    run_complete_ones();
}

void FakeNccl::run_complete_ones() {
    if (held_) return;
    for (Operation& operation : operations_) {
        if (*operation.done) continue;
        if (operation.started < ranks_) break;
        compute(operation);
        *operation.done = true;
    }
}

/// Sums are added from the last rank to the first.
void FakeNccl::compute(Operation& operation) const {
    const DeviceMemory::Opened opened;
    const auto& [name, count, root] = operation.call;
    const bool gathers = name == "AllGather", scatters = name == "ReduceScatter";
    const size_t length = count * (gathers || scatters ? ranks_ : 1);
    std::vector<float> result(length);
    for (size_t i = 0; i < length; ++i) {
        if (gathers) {
            result[i] = operation.parts[i / count].from[i % count];
        } else if (name == "Broadcast") {
            result[i] = operation.parts[static_cast<size_t>(root)].from[i];
        } else {
            for (size_t rank = ranks_; rank-- > 0;) result[i] += operation.parts[rank].from[i];
        }
    }
    for (size_t rank = 0; rank < ranks_; ++rank) {
        if (name == "Reduce" && rank != static_cast<size_t>(root)) continue;
        const size_t begin = scatters ? rank * count : 0;
        std::copy_n(result.begin() + static_cast<std::ptrdiff_t>(begin), scatters ? count : length,
                    operation.parts[rank].to);
    }
}

}  // namespace cuda_emulation
