// ctest: own program
// What a training step costs in allocations once the first few have passed.
#include <dlfcn.h>
#include <execinfo.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "heed/attention/registry.h"
#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ranks/communicator.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/trainers/images/formula_images.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/optimizers/adam.h"

namespace {

// Counts the calls of operator new of its thread between start and stop: those that come from inside a library, and
// Heed's own. The loader works in another thread, beside the step.
struct Counter {
    bool on = false;
    int64_t own = 0;
    int64_t library = 0;
    std::array<void*, 24> first_own = {};  ///< return addresses of the first one
    int first_own_depth = 0;
};

thread_local Counter counter;

bool lies_in_library(void* address) {
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return false;
    return std::strstr(info.dli_fname, "libdnnl") != nullptr || std::strstr(info.dli_fname, "libgomp") != nullptr;
}

void count_allocation() {
    if (!counter.on) return;
    counter.on = false;  // what looking at the stack allocates is nobody's
    std::array<void*, 24> stack = {};
    const int depth = backtrace(stack.data(), static_cast<int>(stack.size()));
    bool library = false;
    for (int i = 0; i < depth; ++i) library = library || lies_in_library(stack[static_cast<std::size_t>(i)]);
    if (library) {
        ++counter.library;
    } else if (counter.own++ == 0) {
        counter.first_own = stack;
        counter.first_own_depth = depth;
    }
    counter.on = true;
}

void* counted_allocation_or_null(std::size_t bytes, std::size_t alignment) noexcept {
    count_allocation();
    bytes = (bytes + alignment - 1) / alignment * alignment;
    return std::aligned_alloc(alignment, bytes == 0 ? alignment : bytes);
}

void* counted_allocation(std::size_t bytes, std::size_t alignment) {
    void* address = counted_allocation_or_null(bytes, alignment);
    if (address == nullptr) throw std::bad_alloc();
    return address;
}

}  // namespace

void* operator new(std::size_t bytes) {
    return counted_allocation(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes) {
    return counted_allocation(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return counted_allocation_or_null(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
    return counted_allocation_or_null(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return counted_allocation(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return counted_allocation(bytes, static_cast<std::size_t>(alignment));
}

// Not inlined, or the compiler sees free of what operator new returned and warns.
[[gnu::noinline]] void operator delete(void* address) noexcept {
    std::free(address);
}
[[gnu::noinline]] void operator delete[](void* address) noexcept {
    std::free(address);
}
[[gnu::noinline]] void operator delete(void* address, std::size_t) noexcept {
    std::free(address);
}
[[gnu::noinline]] void operator delete[](void* address, std::size_t) noexcept {
    std::free(address);
}
[[gnu::noinline]] void operator delete(void* address, std::align_val_t) noexcept {
    std::free(address);
}
[[gnu::noinline]] void operator delete[](void* address, std::align_val_t) noexcept {
    std::free(address);
}
[[gnu::noinline]] void operator delete(void* address, std::size_t, std::align_val_t) noexcept {
    std::free(address);
}
[[gnu::noinline]] void operator delete[](void* address, std::size_t, std::align_val_t) noexcept {
    std::free(address);
}

namespace heed::test::steady_state_test {

namespace {

/// Training of a small vision transformer.
class Training {
public:
    Training(const char* device, const VitOptions& options, const char* attention, const AugmentOptions& augment)
        : context_(device),
          type_(attention_type(attention)),
          attention_options_(type_.make_options()),
          model_(make_vit(options, {&type_, dynamic_cast<AttentionOptions*>(attention_options_.get())},
                          {.channels = 1, .height = 8, .width = 8, .classes = 10})),
          store_(context_, *model_, 1),
          task_(context_, *model_,
                data_of(std::make_shared<FormulaImages>(20, ImageShape{1, 8, 8}, 10), {{0.5}, {0.25}}), 0.1, 5,
                augment),
          trainer_(context_, task_, store_, train_options(), AdamWOptions(), 5, communicator_) {
        trainer_.begin({});
    }

    void step() { trainer_.step(); }

    CachingAllocator& allocator() { return context_.allocator(); }

private:
    static TrainOptions train_options() {
        TrainOptions options;
        options.steps = 40;
        options.accumulate = 2;
        options.clip = 1.0;
        options.ema = 0.9;
        return options;
    }

    Context context_;
    const AttentionType& type_;
    std::unique_ptr<Options> attention_options_;
    std::unique_ptr<ImageClassifier> model_;
    ParameterStore store_;
    ImageTask task_;
    SelfCommunicator communicator_;
    Trainer trainer_;
};

VitOptions small_vit() {
    VitOptions options;
    options.dim = 16;
    options.depth = 2;
    options.heads = 2;
    options.mlp_dim = 24;
    options.patch = 4;
    options.dropout = 0.1;
    return options;
}

std::string stack_of_first() {
    std::string text;
    char** lines = backtrace_symbols(counter.first_own.data(), counter.first_own_depth);
    for (int i = 0; lines != nullptr && i < counter.first_own_depth; ++i) text += std::string(lines[i]) + "\n";
    std::free(lines);
    return text;
}

void expect_steady(const char* device, const VitOptions& options, const char* attention,
                   const AugmentOptions& augment = {}) {
    SCOPED_TRACE(std::string(device) + ", " + attention + ", " + options.norm + "-norm, pool " + options.pool);
    Training training(device, options, attention, augment);
    for (int i = 0; i < 3; ++i) training.step();
    const int64_t device_allocations = training.allocator().device_allocations();
    const std::size_t in_use = training.allocator().bytes_in_use();
    training.allocator().reset_peak();
    training.step();
    const std::size_t peak = training.allocator().peak_bytes();
    std::array<void*, 4> warm = {};
    backtrace(warm.data(), static_cast<int>(warm.size()));  // the first call loads a library
    counter = {};
    counter.on = true;
    for (int i = 0; i < 3; ++i) training.step();
    counter.on = false;
    EXPECT_EQ(device_allocations, training.allocator().device_allocations());
    EXPECT_EQ(in_use, training.allocator().bytes_in_use());
    EXPECT_EQ(peak, training.allocator().peak_bytes()) << "every step needs the same";
    // The plain loops of device reference use the heap where that reads better.
    if (std::string(device) == "cpu") {
        EXPECT_EQ(0, counter.own) << "heap allocations in three steps; the first:\n" << stack_of_first();
    }
    std::printf("%s: %ld allocations by operator new within libraries in three steps\n", device,
                static_cast<long>(counter.library));
}

TEST(SteadyState, AStepAllocatesNothing) {
    for (const char* device : {"cpu", "reference"}) {
        expect_steady(device, small_vit(), "sdpa");
        expect_steady(device, small_vit(), "optimised");
    }
}

TEST(SteadyState, NeitherDoOtherKindsOfTransformer) {
    VitOptions options = small_vit();
    options.norm = "post";
    options.pool = "mean";
    options.positions = "sinusoidal";
    options.activation = "relu";
    options.dropout = 0;
    expect_steady("cpu", options, "sdpa");
}

TEST(SteadyState, NorWithMixedImagesOrCheckpointedActivations) {
    AugmentOptions augment;
    augment.mixup = 0.4;
    expect_steady("cpu", small_vit(), "sdpa", augment);
    VitOptions options = small_vit();
    options.checkpoint_activations = true;
    expect_steady("cpu", options, "sdpa");
}

TEST(SteadyState, TheCounterCounts) {
    counter = {};
    counter.on = true;
    const std::string* text = new std::string(100, 'x');
    counter.on = false;
    delete text;
    EXPECT_EQ(2, counter.own);
    EXPECT_EQ(0, counter.library);
}

}  // namespace

}  // namespace heed::test::steady_state_test
