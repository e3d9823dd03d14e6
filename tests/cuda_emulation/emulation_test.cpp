// What the emulation of CUDA notices in kernels that are wrong.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "heed/tests/cuda_emulation/device_memory.h"
#include "heed/tests/cuda_emulation/include/cuda_runtime.h"
#include "heed/tests/cuda_emulation/thread_order.h"

namespace cuda_emulation {

namespace {

constexpr unsigned threads = 64;

/// Memory of the card that is given back at the end.
template <class T>
class OnCard {
public:
    explicit OnCard(size_t count) : count_(count) { EXPECT_EQ(cudaSuccess, cudaMalloc(&data_, count * sizeof(T))); }
    ~OnCard() { cudaFree(data_); }
    OnCard(const OnCard&) = delete;
    OnCard& operator=(const OnCard&) = delete;

    T* data() const { return data_; }
    void set(const std::vector<T>& values) {
        EXPECT_EQ(cudaSuccess, cudaMemcpyAsync(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice));
    }
    std::vector<T> get() const {
        std::vector<T> values(count_);
        EXPECT_EQ(cudaSuccess, cudaMemcpyAsync(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost));
        return values;
    }

private:
    T* data_ = nullptr;
    size_t count_;
};

template <class... Parameters, class... Arguments>
cudaError_t launch(dim3 blocks, dim3 block, void (*kernel)(Parameters...), Arguments... arguments) {
    cudaLaunchConfig_t config{};
    config.gridDim = blocks;
    config.blockDim = block;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

/// The message of the fault that a launch ends with; empty when there is none.
template <class Launch>
std::string fault_of(const Launch& launch_it) {
    try {
        launch_it();
    } catch (const Fault& fault) {
        return fault.what();
    }
    return "";
}

class Emulation : public testing::TestWithParam<ThreadOrder> {
protected:
    void SetUp() override { set_thread_order(GetParam()); }
    void TearDown() override { set_thread_order(ThreadOrder::forward); }

    OnCard<float> x_{threads}, y_{threads};
};

std::vector<float> counted() {
    std::vector<float> values;
    for (unsigned i = 0; i < threads; ++i) values.push_back(static_cast<float>(i));
    return values;
}

__global__ void swap_neighbours(const float* x, float* y, bool with_barrier) {
    HEED_SHARED(float, tile, threads);
    tile[threadIdx.x] = x[threadIdx.x];
    if (with_barrier) __syncthreads();
    y[threadIdx.x] = tile[threadIdx.x ^ 1];
}

TEST_P(Emulation, ABarrierMakesSharedMemoryCommon) {
    x_.set(counted());
    ASSERT_EQ(cudaSuccess, launch(1, threads, swap_neighbours, x_.data(), y_.data(), true));
    std::vector<float> want = counted();
    for (unsigned i = 0; i < threads; i += 2) std::swap(want[i], want[i + 1]);
    EXPECT_EQ(want, y_.get());
}

TEST_P(Emulation, AMissingBarrierLeavesNaN) {
    x_.set(counted());
    ASSERT_EQ(cudaSuccess, launch(1, threads, swap_neighbours, x_.data(), y_.data(), false));
    unsigned wrong = 0;
    for (const float value : y_.get()) wrong += std::isnan(value);
    EXPECT_GE(wrong, threads / 4);
}

__global__ void reads_what_the_block_before_left(float* y) {
    HEED_SHARED(float, tile, 1);
    if (blockIdx.x == 0) tile[0] = 1;
    __syncthreads();
    y[blockIdx.x] = tile[0];
}

TEST_P(Emulation, SharedMemoryIsUndefinedInEveryBlock) {
    ASSERT_EQ(cudaSuccess, launch(3, 1, reads_what_the_block_before_left, y_.data()));
    EXPECT_EQ(1, y_.get()[0]);
    EXPECT_TRUE(std::isnan(y_.get()[1]));
    EXPECT_TRUE(std::isnan(y_.get()[2]));
}

__global__ void diverges_at_a_barrier() {
    if (threadIdx.x < 32) __syncthreads();
}

TEST_P(Emulation, ABarrierThatSomeThreadsNeverReachIsAFault) {
    EXPECT_EQ("__syncthreads in 32 of 64 threads", fault_of([] { launch(1, threads, diverges_at_a_barrier); }));
}

__global__ void shuffles_with(unsigned mask, unsigned lanes, float* y) {
    if (threadIdx.x < lanes) y[threadIdx.x] = __shfl_xor_sync(mask, static_cast<float>(threadIdx.x), 1);
}

TEST_P(Emulation, AMaskWithLanesThatAreGoneIsAFault) {
    EXPECT_EQ("an operation of a warp names a lane that is not there",
              fault_of([&] { launch(1, 32, shuffles_with, 0xFFFFFFFFU, 16U, y_.data()); }));
}

TEST_P(Emulation, AShuffleFromOutsideOfTheMaskIsAFault) {
    EXPECT_EQ("a shuffle reads a lane outside of its mask",
              fault_of([&] { launch(1, 1, shuffles_with, 1U, 1U, y_.data()); }));
}

__global__ void waits_for_others(unsigned mask) {
    __syncwarp(mask);
}

TEST_P(Emulation, AMaskThatLacksTheCallerIsAFault) {
    EXPECT_EQ("a lane calls an operation of its warp whose mask lacks it",
              fault_of([] { launch(1, 32, waits_for_others, 0x7FFFFFFFU); }));
}

TEST_P(Emulation, ShufflesExchangeBetweenLanes) {
    ASSERT_EQ(cudaSuccess, launch(1, threads, shuffles_with, 0xFFFFFFFFU, threads, y_.data()));
    std::vector<float> want = counted();
    for (unsigned i = 0; i < threads; i += 2) std::swap(want[i], want[i + 1]);
    EXPECT_EQ(want, y_.get());
}

__global__ void shuffles_of_every_kind(int* y) {
    const int lane = static_cast<int>(threadIdx.x);
    int* const of_lane = y + lane * 5;
    of_lane[0] = __shfl_sync(0xFFFFFFFFU, lane, 3, 8);
    of_lane[1] = __shfl_down_sync(0xFFFFFFFFU, lane, 5);
    of_lane[2] = __shfl_up_sync(0xFFFFFFFFU, lane, 5);
    of_lane[3] = static_cast<int>(__ballot_sync(0xFFFFFFFFU, lane % 2));
    of_lane[4] = __any_sync(0xFFFFFFFFU, lane == 9) + 2 * __all_sync(0xFFFFFFFFU, lane < 31);
}

TEST_P(Emulation, WarpOperationsGiveWhatTheHandbookSays) {
    const OnCard<int> y(5 * 32);
    ASSERT_EQ(cudaSuccess, launch(1, 32, shuffles_of_every_kind, y.data()));
    const std::vector<int> got = y.get();
    for (int lane = 0; lane < 32; ++lane) {
        const int* of_lane = got.data() + lane * 5;
        EXPECT_EQ(lane / 8 * 8 + 3, of_lane[0]);
        EXPECT_EQ(lane + 5 < 32 ? lane + 5 : lane, of_lane[1]);
        EXPECT_EQ(lane >= 5 ? lane - 5 : lane, of_lane[2]);
        EXPECT_EQ(0xAAAAAAAAU, static_cast<unsigned>(of_lane[3]));
        EXPECT_EQ(1, of_lane[4]);
    }
}

__global__ void counts(int* count) {
    atomicAdd(count, 1);
}

TEST_P(Emulation, EveryBlockAndThreadRunsOnce) {
    for (const dim3 blocks : {dim3(1), dim3(7), dim3(3, 4, 5)}) {
        OnCard<int> count(1);
        count.set({0});
        ASSERT_EQ(cudaSuccess, launch(blocks, dim3(3, 5, 2), counts, count.data()));
        EXPECT_EQ(30 * static_cast<int>(blocks.x * blocks.y * blocks.z), count.get()[0]);
    }
}

__global__ void writes_at(float* y, unsigned index) {
    y[index] = 1;
}

TEST_P(Emulation, FreshMemoryIsNaN) {
    for (const float value : y_.get()) EXPECT_TRUE(std::isnan(value));
}

INSTANTIATE_TEST_SUITE_P(Orders, Emulation, testing::ValuesIn(all_thread_orders),
                         [](const auto& each) { return std::string(name_of(each.param)); });

TEST(EmulatedLaunch, WhatNoCardAllowsIsAnError) {
    const auto result = [](dim3 blocks, dim3 block) { return launch(blocks, block, counts, nullptr); };
    EXPECT_EQ(cudaErrorInvalidConfiguration, result(0, 1));
    EXPECT_EQ(cudaErrorInvalidConfiguration, result(dim3(1, 65536), 1));
    EXPECT_EQ(cudaErrorInvalidConfiguration, result(dim3(1, 1, 65536), 1));
    EXPECT_EQ(cudaErrorInvalidConfiguration, result(1, 1025));
    EXPECT_EQ(cudaErrorInvalidConfiguration, result(1, dim3(1, 1, 65)));
}

__global__ void declares_too_much() {
    HEED_SHARED(float, tile, (48 << 10) / 4 + 1);
    tile[0] = 1;
}

TEST(EmulatedLaunch, TooMuchDeclaredSharedMemoryIsAFault) {
    EXPECT_EQ("more than 48 KB of shared memory that is declared", fault_of([] { launch(1, 1, declares_too_much); }));
}

TEST(EmulatedMemory, WhatIsFreedIsUsedAgain) {
    const size_t before = DeviceMemory::instance().in_use();
    void* large = nullptr;
    for (int i = 0; i < 4; ++i) {
        void *a = nullptr, *b = nullptr;
        ASSERT_EQ(cudaSuccess, cudaMalloc(&a, size_t{2} << 20));
        ASSERT_EQ(cudaSuccess, cudaMalloc(&b, 5000));
        if (i > 1) {
            EXPECT_EQ(large, a) << "what lay beside it is free as well";
        }
        large = a;
        ASSERT_EQ(cudaSuccess, cudaFree(i % 2 ? a : b));
        ASSERT_EQ(cudaSuccess, cudaFree(i % 2 ? b : a));
    }
    EXPECT_EQ(before, DeviceMemory::instance().in_use());
}

TEST(EmulatedMemory, CopiesAndReleasesOfOtherMemoryAreFaults) {
    OnCard<float> x(4);
    std::vector<float> host(5);
    EXPECT_EQ("memory is freed that was not allocated", fault_of([&] { cudaFree(x.data() + 1); }));
    EXPECT_NE("", fault_of([&] { cudaMemcpyAsync(x.data(), host.data(), 20, cudaMemcpyHostToDevice); }));
    EXPECT_NE("", fault_of([&] { cudaMemcpyAsync(host.data(), x.data(), 8, cudaMemcpyHostToDevice); }));
    EXPECT_NE("", fault_of([&] { cudaMemsetAsync(host.data(), 0, 4); }));
}

TEST(EmulatedMemoryDeathTest, TheHostCannotReadIt) {
    const OnCard<float> x(4);
    EXPECT_DEATH(
        {
            const float value = *static_cast<volatile float*>(x.data());
            std::fprintf(stderr, "read %f\n", static_cast<double>(value));
        },
        "");
}

#ifdef __SANITIZE_ADDRESS__
TEST(EmulatedMemoryDeathTest, TheSanitizerSeesWritesBehindTheEnd) {
    const OnCard<float> x(6);
    EXPECT_DEATH(launch(1, 1, writes_at, x.data(), 6U), "AddressSanitizer");
}

__global__ void writes_behind_shared_memory(unsigned index) {
    HEED_SHARED(float, tile, 6);
    tile[index] = 1;
}

TEST(EmulatedMemoryDeathTest, TheSanitizerSeesWritesBehindSharedMemory) {
    EXPECT_DEATH(launch(1, 1, writes_behind_shared_memory, 6U), "AddressSanitizer");
}
#else
TEST(EmulatedMemoryDeathTest, FarBehindTheEndIsNoMemory) {
    const OnCard<float> x(6);
    EXPECT_DEATH(launch(1, 1, writes_at, x.data(), 1U << 29), "");
}
#endif

}  // namespace

}  // namespace cuda_emulation
