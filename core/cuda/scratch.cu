#include "heed/core/cuda/scratch.cuh"

#include "heed/core/cuda/check.cuh"

namespace heed::cuda {

namespace {

class Scratch {
public:
    Scratch() { check(cudaMalloc(&address_, scratch_bytes), "allocating scratch memory"); }
    ~Scratch() { cudaFree(address_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    void* address() const { return address_; }

private:
    void* address_ = nullptr;
};

}  // namespace

void* scratch() {
    thread_local const Scratch of_thread;
    return of_thread.address();
}

}  // namespace heed::cuda
