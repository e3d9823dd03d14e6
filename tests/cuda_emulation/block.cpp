#include "heed/tests/cuda_emulation/block.h"

#include <algorithm>
#include <exception>

#include "heed/tests/cuda_emulation/builtin_variables.h"
#include "heed/tests/cuda_emulation/sanitizer.h"

namespace cuda_emulation {

namespace {

constexpr size_t shared_bytes = size_t{512} << 10;  // with room between arrays; what a card has is checked elsewhere
constexpr size_t room_between = 64;
constexpr int undefined_byte = 0xFF;

thread_local Block* current_block = nullptr;

}  // namespace

Block::Block() : shared_memory_(std::make_unique_for_overwrite<std::byte[]>(shared_bytes)) {
    poison(shared_memory_.get(), shared_bytes);
}

Block::~Block() {
    unpoison(shared_memory_.get(), shared_bytes);
}

Block& Block::current() {
    if (!current_block) throw Fault("a function for kernels is called by the host");
    return *current_block;
}

void Block::run(const std::function<void()>& body, dim3 grid, dim3 size, uint3 index, size_t dynamic_bytes,
                ThreadOrder order) {
    const struct Current {
        explicit Current(Block* block) { current_block = block; }
        ~Current() { current_block = nullptr; }
    } current(this);
    body_ = &body;
    gridDim = grid;
    blockDim = size;
    blockIdx = index;
    count_ = size.x * size.y * size.z;
    clear_shared_memory();
    if (dynamic_bytes) shared_array(nullptr, dynamic_bytes);
    while (threads_.size() < count_) threads_.push_back(std::make_unique<Thread>());
    while (warps_.size() * warp_lanes < count_) warps_.push_back(std::make_unique<Warp>());
    turns_.clear();
    for (unsigned i = 0; i < count_; ++i) {
        Thread& thread = *threads_[i];
        thread.index = i;
        thread.place = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
        thread.state = State::ready;
        thread.fiber.start(thread_entry);
        turns_.push_back(&thread);
    }
    if (order == ThreadOrder::reverse) std::reverse(turns_.begin(), turns_.end());
    fault_.clear();
    for (;;) {
        if (order == ThreadOrder::shuffled) shuffle_turns();
        const bool ran = run_ready_threads();
        if (!fault_.empty()) break;
        if (release_warps()) continue;
        const auto ended =
            std::count_if(turns_.begin(), turns_.end(), [](const Thread* t) { return t->state == State::ended; });
        if (ended == static_cast<std::ptrdiff_t>(count_)) break;
        if (!ran) {
            fault_ = "threads of a block wait for each other in vain";
            break;
        }
        release_barrier();
        if (!fault_.empty()) break;
    }
    if (!fault_.empty()) throw Fault(fault_);
}

void Block::thread_entry() {
    Block& block = *current_block;
    Thread& self = *block.running_;
    try {
        (*block.body_)();
    } catch (const std::exception& error) {
        block.fault_ = error.what();
    }
    self.state = State::ended;
}

bool Block::run_ready_threads() {
    bool ran = false;
    for (Thread* thread : turns_) {
        if (thread->state != State::ready) continue;
        running_ = thread;
        threadIdx = thread->place;
        thread->fiber.resume();
        ran = true;
        if (!fault_.empty()) break;
    }
    return ran;
}

void Block::shuffle_turns() {
    for (size_t i = turns_.size(); i > 1; --i) {
        random_ = random_ * 1664525U + 1013904223U;
        std::swap(turns_[i - 1], turns_[(random_ >> 8) % i]);
    }
}

void Block::wait(State state) {
    Thread& self = *running_;
    self.state = state;
    self.fiber.pause();
}

void Block::barrier() {
    wait(State::at_barrier);
}

void Block::release_barrier() {
    unsigned waiting = 0, ended = 0;
    for (const Thread* thread : turns_) {
        waiting += thread->state == State::at_barrier;
        ended += thread->state == State::ended;
    }
    if (waiting + ended < count_) return;
    if (ended) {
        fault_ = "__syncthreads in " + std::to_string(waiting) + " of " + std::to_string(count_) + " threads";
        return;
    }
    for (Thread* thread : turns_) thread->state = State::ready;
}

const Sent& Block::exchange(unsigned mask, const void* value, size_t bytes) {
    Thread& self = *running_;
    if (!(mask >> lane() & 1)) throw Fault("a lane calls an operation of its warp whose mask lacks it");
    self.mask = mask;
    if (bytes) std::memcpy(self.sending.data(), value, bytes);
    wait(State::at_warp);
    return *self.received;
}

/// Whether all lanes that the mask of `thread` names wait for the same operation.
bool Block::all_of_mask_wait(const Thread& thread) const {
    const unsigned first = thread.index / warp_lanes * warp_lanes;
    for (unsigned lane = 0; lane < warp_lanes; ++lane) {
        if (!(thread.mask >> lane & 1)) continue;
        if (first + lane >= count_ || threads_[first + lane]->state == State::ended) {
            throw Fault("an operation of a warp names a lane that is not there");
        }
        const Thread& other = *threads_[first + lane];
        if (other.state != State::at_warp || other.mask != thread.mask) return false;
    }
    return true;
}

bool Block::release_warps() {
    bool any = false;
    for (unsigned i = 0; i < count_; ++i) {
        const Thread& thread = *threads_[i];
        if (thread.state != State::at_warp || !all_of_mask_wait(thread)) continue;
        Warp& warp = *warps_[i / warp_lanes];
        Sent& sent = warp.sent[warp.next++ % warp.sent.size()];
        const unsigned mask = thread.mask, first = i / warp_lanes * warp_lanes;
        for (unsigned lane = 0; lane < warp_lanes; ++lane) {
            if (!(mask >> lane & 1)) continue;
            Thread& other = *threads_[first + lane];
            sent[lane] = other.sending;
            other.received = &sent;
            other.state = State::ready;
        }
        any = true;
    }
    return any;
}

void Block::clear_shared_memory() {
    poison(shared_memory_.get(), shared_used_);
    shared_arrays_.clear();
    shared_used_ = 0;
}

void* Block::shared_array(const void* site, size_t bytes) {
    for (const SharedArray& array : shared_arrays_) {
        if (array.site == site) return shared_memory_.get() + array.begin;
    }
    const size_t begin = shared_used_;
    if (bytes + room_between > shared_bytes - begin) throw Fault("more shared memory than any card has");
    shared_used_ += (bytes + room_between - 1) / room_between * room_between + room_between;
    shared_arrays_.push_back({site, begin, bytes});
    std::byte* const data = shared_memory_.get() + begin;
    unpoison(data, bytes);
    std::memset(data, undefined_byte, bytes);
    size_t all = 0;
    for (const SharedArray& array : shared_arrays_) all += array.site ? array.bytes : 0;
    if (all > size_t{48} << 10) throw Fault("more than 48 KB of shared memory that is declared");
    return data;
}

void* Block::dynamic_shared_memory() {
    if (shared_arrays_.empty() || shared_arrays_[0].site)
        throw Fault("a kernel uses dynamic shared memory and got none");
    return shared_memory_.get() + shared_arrays_[0].begin;
}

}  // namespace cuda_emulation
