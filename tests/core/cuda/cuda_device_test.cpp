// ctest: cuda
// ctest: emulation
#include "heed/core/cuda/cuda_device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "heed/core/device/caching_allocator.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/tensor/tensor.h"
#include "heed/tests/cuda_emulation/device_memory.h"
#include "heed/tests/cuda_emulation/machine.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::cuda_device_test {

namespace {

using cuda_emulation::DeviceMemory;
using cuda_emulation::machine;

class CudaDeviceTest : public testing::Test {
protected:
    void SetUp() override {
        if (!make_cuda_device) GTEST_SKIP() << "built without the emulation of CUDA";
    }
    void TearDown() override {
        machine() = {};
        DeviceMemory::instance().set_capacity(DeviceMemory::range_bytes);
    }
};

std::string refusal() {
    return message_of<UserError>([] { make_device("cuda"); });
}

TEST_F(CudaDeviceTest, SaysWhatTheMachineLacks) {
    machine().driver_version = 0;
    EXPECT_EQ("device=cuda: this machine has no driver for NVIDIA cards (libcuda.so.1)", refusal());
    machine().driver_version = 12080;
    EXPECT_EQ("device=cuda: the driver of this machine serves CUDA up to 12.8, this build needs one for CUDA 13.0",
              refusal());
    machine() = {};
    machine().cards = 0;
    EXPECT_EQ("device=cuda: this machine has no NVIDIA card, or none that this process may use", refusal());
    machine() = {};
    machine().has_code = false;
    EXPECT_EQ(
        "device=cuda: this build has code for the architectures emulated, the card is of architecture 90 (build with "
        "-DHEED_CUDA_ARCHITECTURES)",
        refusal());
}

TEST_F(CudaDeviceTest, OutOfMemoryTellsHowMuchWasAskedForAndForWhat) {
    Context context("cuda");
    DeviceMemory::instance().set_capacity(DeviceMemory::instance().in_use() + 1000);
    EXPECT_EQ("a tensor of shape [2, 512]: out of memory on the card: 4096 bytes were asked for, 1000 of " +
                  std::to_string(DeviceMemory::instance().capacity()) +
                  " are left; a smaller data.batch or model.checkpoint_activations needs less",
              message_of<Error>([&] {
                  Tensor::empty(context, {2, 512});
              }));
}

TEST_F(CudaDeviceTest, KeptMemoryIsGivenBackBeforeItRunsOut) {
    Context context("cuda");
    context.allocator().release(context.allocator().acquire(4096));
    DeviceMemory::instance().set_capacity(DeviceMemory::instance().in_use() + 1000);
    context.allocator().release(context.allocator().acquire(2048));
}

TEST_F(CudaDeviceTest, UploadsOfAnySizeArriveAndLeaveTheHostItsMemory) {
    Context context("cuda");
    Device& device = context.device();
    constexpr size_t larger_than_a_block = (size_t{65} << 20) + 12;
    void* const card = device.allocate(larger_than_a_block);
    for (const size_t bytes : {size_t{0}, size_t{1}, size_t{4096}, size_t{5000}, larger_than_a_block}) {
        for (int turn = 0; turn < (bytes > 5000 ? 1 : 6); ++turn) {
            std::vector<unsigned char> sent(bytes), back(bytes);
            for (size_t i = 0; i < bytes; i += 997) sent[i] = static_cast<unsigned char>(i + bytes + 31u * turn);
            const std::vector<unsigned char> wanted = sent;
            device.copy_from_host(card, sent.data(), bytes);
            std::fill(sent.begin(), sent.end(), 0xEE);
            device.copy_to_host(back.data(), card, bytes);
            ASSERT_TRUE(back == wanted) << bytes << " bytes";
        }
    }
    device.release(card, larger_than_a_block);
}

}  // namespace

}  // namespace heed::test::cuda_device_test
