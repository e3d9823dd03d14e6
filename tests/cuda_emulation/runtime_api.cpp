#include "heed/tests/cuda_emulation/runtime_api.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "heed/tests/cuda_emulation/block.h"
#include "heed/tests/cuda_emulation/device_memory.h"
#include "heed/tests/cuda_emulation/machine.h"
#include "heed/tests/cuda_emulation/streams.h"

using cuda_emulation::DeviceMemory;
using cuda_emulation::Fault;

namespace {

constexpr int runtime_version = 13000;
constexpr uint64_t most_grid_x = 2147483647, most_grid_yz = 65535, most_threads = 1024, most_threads_z = 64;
constexpr size_t most_dynamic_bytes = size_t{227} << 10;  // of compute capability 9.0

thread_local int current_card = 0;
thread_local uint64_t launched = 0;  // kernels, copies and memsets of this thread

bool fits_card(const cudaLaunchConfig_t& config) {
    const dim3 grid = config.gridDim, block = config.blockDim;
    return grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && grid.x <= most_grid_x && grid.y <= most_grid_yz &&
           grid.z <= most_grid_yz && uint64_t{block.x} * block.y * block.z >= 1 && block.z <= most_threads_z &&
           uint64_t{block.x} * block.y * block.z <= most_threads && config.dynamicSmemBytes <= most_dynamic_bytes;
}

}  // namespace

namespace cuda_emulation {

Machine& machine() {
    static Machine only;
    return only;
}

bool has_code_for_card() {
    return machine().has_code;
}

cudaError_t run_grid(const cudaLaunchConfig_t& config, const std::function<void()>& body) {
    if (!fits_card(config)) return cudaErrorInvalidConfiguration;
    ++launched;
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    static Block& block = *new Block;
    const DeviceMemory::Opened opened;
    const ThreadOrder order = thread_order();
    const dim3 grid = config.gridDim;
    const uint64_t count = uint64_t{grid.x} * grid.y * grid.z;
    for (uint64_t turn = 0; turn < count; ++turn) {
        uint64_t i = turn;
        if (order == ThreadOrder::reverse) i = count - 1 - turn;
        // A step that has no factor in common with the count reaches every block.
        constexpr uint64_t prime = 2147483647;
        if (order == ThreadOrder::shuffled && count % prime) i = turn * (prime % count) % count;
        const uint3 index = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                             static_cast<unsigned>(i / grid.x / grid.y)};
        block.run(body, grid, config.blockDim, index, config.dynamicSmemBytes, order);
    }
    return cudaSuccess;
}

}  // namespace cuda_emulation

const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaSuccess:
            return "no error";
        case cudaErrorInvalidValue:
            return "invalid argument";
        case cudaErrorMemoryAllocation:
            return "out of memory";
        case cudaErrorInvalidConfiguration:
            return "invalid configuration argument";
        case cudaErrorInsufficientDriver:
            return "CUDA driver version is insufficient for CUDA runtime version";
        case cudaErrorInvalidDeviceFunction:
            return "invalid device function";
        case cudaErrorNoDevice:
            return "no CUDA-capable device is detected";
        case cudaErrorInvalidDevice:
            return "invalid device ordinal";
        case cudaErrorNoKernelImageForDevice:
            return "no kernel image is available for execution on the device";
        case cudaErrorNotReady:
            return "device not ready";
    }
    return "unrecognized error code";
}

cudaError_t cudaGetLastError() {
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
    *count = 0;
    if (cuda_emulation::machine().driver_version < runtime_version) return cudaErrorInsufficientDriver;
    if (cuda_emulation::machine().cards == 0) return cudaErrorNoDevice;
    *count = cuda_emulation::machine().cards;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
    if (device < 0 || device >= cuda_emulation::machine().cards) return cudaErrorInvalidDevice;
    current_card = device;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
    *device = current_card;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* name, int bytes, int device) {
    if (device < 0 || device >= cuda_emulation::machine().cards) return cudaErrorInvalidDevice;
    std::snprintf(name, static_cast<size_t>(bytes), "0000:%02X:00.0", static_cast<unsigned>(device) + 1);
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
    *version = cuda_emulation::machine().driver_version;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = runtime_version;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
    *value = attribute == cudaDevAttrComputeCapabilityMajor ? 9 : 0;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* unused, size_t* all) {
    *all = DeviceMemory::instance().capacity();
    *unused = *all - std::min(*all, DeviceMemory::instance().in_use());
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** address, size_t bytes) {
    *address = DeviceMemory::instance().allocate(bytes);
    return *address ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void* address) {
    DeviceMemory::instance().release(address);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void** address, size_t bytes) {
    *address = std::malloc(bytes);
    return *address ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void* address) {
    std::free(address);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
    DeviceMemory& memory = DeviceMemory::instance();
    if (memory.holds(to, bytes) != (kind != cudaMemcpyDeviceToHost) ||
        memory.holds(from, bytes) != (kind != cudaMemcpyHostToDevice)) {
        throw Fault("a copy names memory that is not where its kind says");
    }
    ++launched;
    const DeviceMemory::Opened opened;
    std::memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t) {
    if (!DeviceMemory::instance().holds(to, bytes)) throw Fault("a memset names memory that is not the card's");
    ++launched;
    const DeviceMemory::Opened opened;
    std::memset(to, value, bytes);
    return cudaSuccess;
}

struct CudaEmulationStream {
    uint64_t comes_after = 0;  ///< of what the thread that uses it has launched
    std::vector<cuda_emulation::LaterWork> later;
};

struct CudaEmulationEvent {
    bool asked = true;
    uint64_t launched = 0;
    std::vector<cuda_emulation::LaterWork> later;

    bool is_reached() const {
        return std::all_of(later.begin(), later.end(), [](const auto& work) { return work->load(); });
    }
};

namespace cuda_emulation {

void put_on(cudaStream_t stream, LaterWork work) {
    std::erase_if(stream->later, [](const LaterWork& other) { return other->load(); });
    stream->later.push_back(std::move(work));
}

bool comes_after_all_launched(cudaStream_t stream) {
    return stream->comes_after == launched;
}

}  // namespace cuda_emulation

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new CudaEmulationStream;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    stream->comes_after = std::max(stream->comes_after, event->launched);
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new CudaEmulationEvent;
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    event->asked = false;
    event->launched = launched;
    event->later = stream->later;
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    return std::exchange(event->asked, true) && event->is_reached() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    event->asked = true;
    while (!event->is_reached()) std::this_thread::yield();
    return cudaSuccess;
}
