#include "heed/core/device/caching_allocator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::caching_allocator_test {

namespace {

class CachingAllocatorTest : public testing::Test {
protected:
    Context context_;
    CachingAllocator& allocator_ = context_.allocator();
};

TEST_F(CachingAllocatorTest, GivesAFreedBlockToTheNextRequestOfItsClass) {
    Storage* first = allocator_.acquire(1000);
    void* address = first->data;
    allocator_.release(first);
    EXPECT_EQ(1, allocator_.device_allocations());
    Storage* second = allocator_.acquire(1024);
    EXPECT_EQ(address, second->data);
    EXPECT_EQ(1, allocator_.device_allocations());
    EXPECT_EQ(1, second->owners);
    Storage* third = allocator_.acquire(1024);
    EXPECT_NE(address, third->data) << "the block is taken";
    EXPECT_EQ(2, allocator_.device_allocations());
    Storage* smaller = allocator_.acquire(256);
    EXPECT_EQ(3, allocator_.device_allocations()) << "another class";
    for (Storage* each : {second, third, smaller}) allocator_.release(each);
}

TEST_F(CachingAllocatorTest, BlocksAreLargeEnoughAndNotMuchLarger) {
    for (std::size_t bytes = 1; bytes < 100'000; bytes += bytes / 7 + 1) {
        Storage* block = allocator_.acquire(bytes);
        EXPECT_GE(block->capacity, bytes);
        if (bytes >= 256) {
            EXPECT_LE(block->capacity, bytes + bytes / 4 + 1);
        }
        allocator_.release(block);
    }
    for (const std::size_t exact : {256, 320, 384, 448, 512, 640, 1 << 20}) {
        Storage* block = allocator_.acquire(exact);
        EXPECT_EQ(exact, block->capacity);
        allocator_.release(block);
    }
}

TEST_F(CachingAllocatorTest, CountsWhatIsInUseReservedAndThePeak) {
    Storage* a = allocator_.acquire(256);
    Storage* b = allocator_.acquire(512);
    EXPECT_EQ(768U, allocator_.bytes_in_use());
    allocator_.release(a);
    EXPECT_EQ(512U, allocator_.bytes_in_use());
    EXPECT_EQ(768U, allocator_.peak_bytes());
    EXPECT_EQ(768U, allocator_.bytes_reserved());
    allocator_.reset_peak();
    EXPECT_EQ(512U, allocator_.peak_bytes());
    allocator_.release(b);
    EXPECT_EQ(0U, allocator_.bytes_in_use());
    EXPECT_EQ(768U, allocator_.bytes_reserved());
}

TEST_F(CachingAllocatorTest, TrimGivesBackWhatIsFreeAndNothingElse) {
    Storage* used = allocator_.acquire(256);
    allocator_.release(allocator_.acquire(512));
    allocator_.trim();
    EXPECT_EQ(256U, allocator_.bytes_reserved());
    Storage* again = allocator_.acquire(512);
    EXPECT_EQ(3, allocator_.device_allocations());
    EXPECT_EQ(768U, allocator_.bytes_in_use());
    allocator_.release(again);
    allocator_.release(used);
    allocator_.trim();
    EXPECT_EQ(0U, allocator_.bytes_reserved());
}

TEST_F(CachingAllocatorTest, NothingAtAllIsABlockToo) {
    Storage* block = allocator_.acquire(0);
    EXPECT_NE(nullptr, block->data);
    allocator_.release(block);
}

TEST_F(CachingAllocatorTest, AbsurdSizesAreAnError) {
    EXPECT_TRUE(begins_with(message_of<Error>([&] { allocator_.acquire(std::numeric_limits<std::size_t>::max()); }),
                            "no tensor can have"));
    EXPECT_EQ(0U, allocator_.bytes_in_use());
    EXPECT_EQ(0, allocator_.device_allocations());
}

/// A device of `limit` bytes.
class SmallDevice final : public Device {
public:
    explicit SmallDevice(size_t limit) : left_(limit) {}
    DeviceKind kind() const override { return DeviceKind::cpu; }
    const char* name() const override { return "small"; }
    void* allocate(size_t bytes) override {
        if (bytes > left_) throw Error("out of memory");
        left_ -= bytes;
        return std::malloc(bytes);
    }
    void release(void* address, size_t bytes) override {
        left_ += bytes;
        std::free(address);
    }
    void copy_from_host(void*, const void*, size_t) override {}
    void copy_to_host(void*, const void*, size_t) override {}
    void copy(void*, const void*, size_t) override {}
    void fill_zero(void*, size_t) override {}
    bool shares_host_memory() const override { return true; }
    void matrix_product(const MatrixProduct&) override {}

private:
    size_t left_;
};

TEST_F(CachingAllocatorTest, WhatIsKeptForOtherSizesIsGivenBackBeforeMemoryRunsOut) {
    SmallDevice device(1024);
    CachingAllocator allocator(context_, device);
    allocator.release(allocator.acquire(768));
    Storage* large = allocator.acquire(1024);
    EXPECT_EQ(1024U, allocator.bytes_reserved());
    EXPECT_EQ("out of memory", message_of<Error>([&] { allocator.acquire(256); }));
    EXPECT_EQ(1024U, allocator.bytes_in_use());
    allocator.release(large);
}

#ifndef __SANITIZE_ADDRESS__  // which ends the program where the C library says no
TEST_F(CachingAllocatorTest, TooLittleMemoryIsAnErrorThatChangesNothing) {
    EXPECT_TRUE(begins_with(message_of<Error>([&] { allocator_.acquire(std::size_t{1} << 55); }), "out of memory"));
    EXPECT_EQ(0U, allocator_.bytes_in_use());
    EXPECT_EQ(0U, allocator_.bytes_reserved());
    allocator_.release(allocator_.acquire(100));
    EXPECT_EQ(1, allocator_.device_allocations());
}
#endif

TEST(CudaThatIsNotLinked, IsRefusedInOneSentence) {
    EXPECT_EQ(
        "device=cuda: this build of Heed has no CUDA; build it with nvcc on the path and -DHEED_CUDA=ON (docs/gpu.md)",
        message_of<UserError>([] { make_device("cuda"); }));
}

}  // namespace

}  // namespace heed::test::caching_allocator_test
