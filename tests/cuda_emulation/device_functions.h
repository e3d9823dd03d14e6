#pragma once

// Functions that kernels call, as CUDA names them.

#include <math.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "heed/tests/cuda_emulation/block.h"
#include "heed/tests/cuda_emulation/builtin_variables.h"

using std::max;
using std::min;

namespace cuda_emulation {

/// Sends `value` to the lanes of `mask` and gives what lane `source` sent.
template <class T>
T shuffle(unsigned mask, T value, unsigned source) {
    static_assert(sizeof(T) <= most_sent);
    if (!(mask >> source & 1)) throw Fault("a shuffle reads a lane outside of its mask");
    T result;
    std::memcpy(&result, Block::current().exchange(mask, &value, sizeof(T))[source].data(), sizeof(T));
    return result;
}

template <class T>
T* shared_array(const void* site, size_t count) {
    return static_cast<T*>(Block::current().shared_array(site, count * sizeof(T)));
}

}  // namespace cuda_emulation

inline void __syncthreads() {
    cuda_emulation::Block::current().barrier();
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFU) {
    cuda_emulation::Block::current().exchange(mask, nullptr, 0);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    const unsigned lane = cuda_emulation::Block::current().lane(), w = static_cast<unsigned>(width);
    return cuda_emulation::shuffle(mask, value, lane / w * w + static_cast<unsigned>(source) % w);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    const unsigned lane = cuda_emulation::Block::current().lane(), w = static_cast<unsigned>(width);
    const unsigned source = lane ^ static_cast<unsigned>(bits);
    return cuda_emulation::shuffle(mask, value, source / w <= lane / w ? source : lane);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32) {
    const unsigned lane = cuda_emulation::Block::current().lane(), w = static_cast<unsigned>(width);
    return cuda_emulation::shuffle(mask, value, lane % w + distance < w ? lane + distance : lane);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32) {
    const unsigned lane = cuda_emulation::Block::current().lane(), w = static_cast<unsigned>(width);
    return cuda_emulation::shuffle(mask, value, lane % w >= distance ? lane - distance : lane);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    const auto& sent = cuda_emulation::Block::current().exchange(mask, &predicate, sizeof(predicate));
    unsigned result = 0;
    for (unsigned lane = 0; lane < cuda_emulation::warp_lanes; ++lane) {
        int of_lane = 0;
        std::memcpy(&of_lane, sent[lane].data(), sizeof(of_lane));
        if (mask >> lane & 1 && of_lane) result |= 1U << lane;
    }
    return result;
}
inline int __any_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, predicate) != 0;
}
inline int __all_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, predicate) == mask;
}

// The threads of all blocks are fibers of one thread.
template <class T>
T atomicAdd(T* address, T value) {
    const T before = *address;
    *address = before + value;
    return before;
}
template <class T>
T atomicMin(T* address, T value) {
    const T before = *address;
    *address = std::min(before, value);
    return before;
}
template <class T>
T atomicMax(T* address, T value) {
    const T before = *address;
    *address = std::max(before, value);
    return before;
}
template <class T>
T atomicCAS(T* address, T expected, T value) {
    const T before = *address;
    if (before == expected) *address = value;
    return before;
}

inline float rsqrtf(float x) {
    return 1.0F / sqrtf(x);
}
inline float __expf(float x) {
    return expf(x);
}
inline float __fdividef(float x, float y) {
    return x / y;
}
template <class T>
T __ldg(const T* address) {
    return *address;
}
inline int __popc(unsigned x) {
    return std::popcount(x);
}
inline int __clz(int x) {
    return std::countl_zero(static_cast<unsigned>(x));
}
inline int __ffs(int x) {
    return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1;
}
inline unsigned __float_as_uint(float x) {
    return std::bit_cast<unsigned>(x);
}
inline int __float_as_int(float x) {
    return std::bit_cast<int>(x);
}
inline float __uint_as_float(unsigned x) {
    return std::bit_cast<float>(x);
}
inline float __int_as_float(int x) {
    return std::bit_cast<float>(x);
}
