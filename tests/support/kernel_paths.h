#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "heed/core/cpu/isa.h"
#include "heed/core/kernels/kernel_table.h"
#include "heed/core/parallel.h"
#include "heed/core/reference/address.h"
#include "heed/tests/cuda_emulation/thread_order.h"
#include "heed/tests/support/devices.h"

namespace heed::test {

/// The kernels of one op on one path: an instruction set of the device cpu, the device reference, or the device cuda in
/// the emulation of the tests, whose kernels reach the memory of the host.
template <class Kernels>
struct KernelPath {
    const Kernels& kernels;
    DeviceKind device;

    /// The address of the data under which the path's device knows it; null for an empty vector.
    template <class T>
    T* at(std::vector<T>& data) const {
        if (data.empty()) return nullptr;
        return device == DeviceKind::reference ? to_reference_address(data.data()) : data.data();
    }
    template <class T>
    const T* at(const std::vector<T>& data) const {
        if (data.empty()) return nullptr;
        return device == DeviceKind::reference ? to_reference_address(data.data()) : data.data();
    }

    /// The kernels of another op on this path.
    template <class Others>
    const Others& of(const KernelTable<Others>& table) const {
        return table.by_device[static_cast<int>(device)]();
    }
};

/// Calls `body(path)` for every instruction set that this machine has, for the reference kernels and, where the test is
/// linked with them (// ctest: cuda), for those of cuda, whose threads run in every order.
template <class Kernels, class Body>
void for_each_path(const KernelTable<Kernels>& table, const Body& body) {
    const auto path = [&](DeviceKind device) {
        return KernelPath<Kernels>{table.by_device[static_cast<int>(device)](), device};
    };
    const Isa before = active_isa();
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (!isa_available(isa)) continue;
        set_active_isa(isa);
        SCOPED_TRACE(std::string("path ") + isa_name(isa));
        body(path(DeviceKind::cpu));
    }
    set_active_isa(before);
    {
        SCOPED_TRACE("path reference");
        body(path(DeviceKind::reference));
    }
    if (!cuda_is_tested() || !table.by_device[static_cast<int>(DeviceKind::cuda)]) return;
    for (const cuda_emulation::ThreadOrder order : cuda_thread_orders()) {
        cuda_emulation::set_thread_order(order);
        SCOPED_TRACE(std::string("path cuda, threads ") + name_of(order));
        body(path(DeviceKind::cuda));
    }
    cuda_emulation::set_thread_order(cuda_emulation::ThreadOrder::forward);
}

/// Runs `body`, which returns bytes or numbers, with 1 and with 2 threads and expects the same bits.
template <class Body>
void expect_same_with_two_threads(const Body& body) {
    const int before = thread_count();
    set_thread_count(1);
    const auto one = body();
    set_thread_count(2);
    const auto two = body();
    set_thread_count(before);
    ASSERT_EQ(one.size(), two.size());
    ASSERT_GT(one.size(), 0U);
    EXPECT_EQ(0, std::memcmp(one.data(), two.data(), one.size() * sizeof(one[0])));
}

/// `count` numbers in [-1, 1) * `scale` + `shift` from an integer formula; other numbers for every `seed`.
inline std::vector<float> numbers(int64_t count, uint32_t seed, float scale = 1, float shift = 0) {
    std::vector<float> values(static_cast<std::size_t>(count));
    uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
    for (float& value : values) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        value = (static_cast<float>(state >> 40) * 0x1p-23F - 1) * scale + shift;
    }
    return values;
}

/// The largest finite magnitude in `values`, but at least 1: the size of the inputs of most tests.
inline double scale_of(const std::vector<double>& values) {
    double largest = 1;
    for (const double value : values) {
        if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    }
    return largest;
}

/// Expects |got[i] - want[i]| <= relative * |want[i]| + of_scale * scale_of(want) for all i; a NaN matches only a NaN,
/// an infinity itself.
inline void expect_close(const std::vector<float>& got, const std::vector<double>& want, double relative,
                         double of_scale, const char* what) {
    ASSERT_EQ(got.size(), want.size()) << what;
    const double rest = of_scale * scale_of(want);
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (std::isnan(want[i])) {
            ASSERT_TRUE(std::isnan(got[i])) << what << "[" << i << "] is " << got[i] << ", expected NaN";
        } else if (std::isinf(want[i])) {
            ASSERT_EQ(got[i], want[i]) << what << "[" << i << "]";
        } else {
            const double bound = rest + relative * std::abs(want[i]);
            ASSERT_LE(std::abs(got[i] - want[i]), bound)
                << what << "[" << i << "] is " << got[i] << ", expected " << want[i];
        }
    }
}

inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace heed::test
