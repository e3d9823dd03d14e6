#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iterator>
#include <string_view>
#include <vector>

#include "heed/core/cpu/isa.h"
#include "heed/core/cuda/cuda_device.h"
#include "heed/core/device/context.h"
#include "heed/tests/card/card_memory.h"
#include "heed/tests/cuda_emulation/thread_order.h"

namespace heed::test {

/// Whether the device cuda is linked into this test (// ctest: cuda) and has a turn: runs that ask for an instruction
/// set of the processor would only repeat what it computes.
inline bool cuda_is_tested() {
    return make_cuda_device && !std::getenv("HEED_ISA");
}

/// The orders of threads in which the kernels of cuda are tried: a card has its own.
inline std::vector<cuda_emulation::ThreadOrder> cuda_thread_orders() {
    if (share_memory_with_card) return {cuda_emulation::ThreadOrder::shuffled};
    return {std::begin(cuda_emulation::all_thread_orders), std::end(cuda_emulation::all_thread_orders)};
}

/// The devices on which a test of what is above them runs: cpu, reference and, where it has a turn, cuda.
inline std::vector<const char*> computing_devices() {
    std::vector<const char*> devices = {"cpu", "reference"};
    if (cuda_is_tested()) devices.emplace_back("cuda");
    return devices;
}

/// Calls body(context) for each instruction set of the device cpu, for the device reference and, where it is linked,
/// for cuda, whose threads run in shuffled order.
template <class Body>
void for_each_context(const Body& body) {
    const Isa before = active_isa();
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (!isa_available(isa)) continue;
        SCOPED_TRACE(isa_name(isa));
        set_active_isa(isa);
        Context context;
        body(context);
    }
    set_active_isa(before);
    cuda_emulation::set_thread_order(cuda_emulation::ThreadOrder::shuffled);
    for (const char* device : computing_devices()) {
        if (std::string_view(device) == "cpu") continue;
        SCOPED_TRACE(device);
        Context context(device);
        body(context);
    }
    cuda_emulation::set_thread_order(cuda_emulation::ThreadOrder::forward);
}

}  // namespace heed::test
