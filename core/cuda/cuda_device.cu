#include "heed/core/cuda/cuda_device.h"

#include <string>
#include <utility>
#include <vector>

#include "heed/core/cuda/check.cuh"
#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/products/cublas/products.cuh"
#include "heed/core/cuda/products/matrix_product.cuh"
#include "heed/core/cuda/upload_buffers.h"

namespace heed {

namespace cuda {

namespace {

cudaStream_t make_stream() {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
    return stream;
}

std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

int current_card() {
    int card = 0;
    check(cudaGetDevice(&card), "asking for the current card");
    return card;
}

/// 9 and 0 for a card of compute capability 9.0.
std::pair<int, int> architecture() {
    int major = 0, minor = 0;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, current_card());
    cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, current_card());
    return {major, minor};
}

/// Asked of the card to see whether this build has code for it.
__global__ void no_work_kernel() {}

/// Throws UserError where this machine cannot run CUDA kernels of this build.
void require_card() {
    int cards = 0;
    const cudaError_t result = cudaGetDeviceCount(&cards);
    if (result == cudaErrorInsufficientDriver) {
        int driver = 0, needed = 0;
        cudaDriverGetVersion(&driver);
        cudaRuntimeGetVersion(&needed);
        cudaGetLastError();
        if (driver == 0) throw UserError("device=cuda: this machine has no driver for NVIDIA cards (libcuda.so.1)");
        throw UserError("device=cuda: the driver of this machine serves CUDA up to " + version_text(driver) +
                        ", this build needs one for CUDA " + version_text(needed));
    }
    if (result == cudaErrorNoDevice || (result == cudaSuccess && cards == 0)) {
        cudaGetLastError();
        throw UserError("device=cuda: this machine has no NVIDIA card, or none that this process may use");
    }
    if (result != cudaSuccess) {
        cudaGetLastError();
        throw UserError(std::string("device=cuda: the driver refused: ") + cudaGetErrorString(result));
    }
    cudaFuncAttributes attributes{};
    const cudaError_t code = cudaFuncGetAttributes(&attributes, no_work_kernel);
    if (code == cudaErrorNoKernelImageForDevice || code == cudaErrorInvalidDeviceFunction) {
        cudaGetLastError();
        const auto [major, minor] = architecture();
        throw UserError("device=cuda: this build has code for the architectures " HEED_CUDA_ARCHITECTURES
                        ", the card is of architecture " +
                        std::to_string(major) + std::to_string(minor) + " (build with -DHEED_CUDA_ARCHITECTURES)");
    }
    if (code != cudaSuccess) {
        cudaGetLastError();
        throw UserError(std::string("device=cuda: the card cannot be used: ") + cudaGetErrorString(code));
    }
}

class CudaDevice final : public Device {
public:
    CudaDevice() {
        require_card();
#if defined(HEED_CUBLAS)
        cublas_ = load_cublas();
#endif
    }

    DeviceKind kind() const override {
        return DeviceKind::cuda;
    }
    const char* name() const override {
        return "cuda";
    }

    void* allocate(size_t bytes) override {
        void* address = nullptr;
        const cudaError_t result = cudaMalloc(&address, bytes);
        if (result == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            size_t unused = 0, all = 0;
            check(cudaMemGetInfo(&unused, &all), "asking for the memory left");
            throw Error("out of memory on the card: " + std::to_string(bytes) + " bytes were asked for, " +
                        std::to_string(unused) + " of " + std::to_string(all) +
                        " are left; a smaller data.batch or model.checkpoint_activations needs less");
        }
        check(result, "allocating memory");
        return address;
    }
    void release(void* address, size_t) override {
        cudaFree(address);
    }

    void copy_from_host(void* destination, const void* host, size_t bytes) override {
        uploads_.upload(destination, host, bytes);
    }
    void copy_to_host(void* host, const void* source, size_t bytes) override {
        if (!bytes) return;
        check(copy_async(host, source, bytes, cudaMemcpyDeviceToHost), "copying from the card");
        check(cudaStreamSynchronize(work_stream()), "waiting for the card");
    }
    void copy(void* destination, const void* source, size_t bytes) override {
        if (bytes) check(copy_async(destination, source, bytes, cudaMemcpyDeviceToDevice), "copying on the card");
    }
    void fill_zero(void* destination, size_t bytes) override {
        if (bytes) check(cudaMemsetAsync(destination, 0, bytes, work_stream()), "filling with zeros");
    }
    bool shares_host_memory() const override {
        return false;
    }

    void matrix_product(const MatrixProduct& product) override {
        check_element_types(product, precision());
        if (cublas_.products) {
            cublas_.products->multiply(product, precision());
        } else {
            tiled_matrix_product(product, precision());
        }
    }
    void matrix_products_of_same_a(const MatrixProduct& first, const MatrixProduct& second) override {
        if (!cublas_.products) return Device::matrix_products_of_same_a(first, second);
        check_element_types(first, precision());
        check_element_types(second, precision());
        cublas_.products->multiply_same_a(first, second, precision());
    }
    std::string product_engine() const override {
        return cublas_.products ? cublas_.products->name() : Device::product_engine() + cublas_.missing;
    }

protected:
    void require_precision(Precision precision) const override {
        const auto [major, minor] = architecture();
        if (major >= 8) return;
        throw UserError(std::string("precision=") + name_of(precision) +
                        ": needs a card of architecture 80 or newer, this one is of architecture " +
                        std::to_string(major) + std::to_string(minor) + " and multiplies in f32 alone");
    }

private:
    LoadedCublas cublas_;
    UploadBuffers uploads_;

    static cudaError_t copy_async(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
        return cudaMemcpyAsync(to, from, bytes, kind, work_stream());
    }
};

}  // namespace

cudaStream_t work_stream() {
    static const cudaStream_t stream = make_stream();
    return stream;
}

}  // namespace cuda

std::unique_ptr<Device> make_cuda_device() {
    return std::make_unique<cuda::CudaDevice>();
}

const char* cuda_build() {
    return "architectures " HEED_CUDA_ARCHITECTURES
#if defined(HEED_CUBLAS)
           ", cuBLASLt"
#endif
#if defined(HEED_CUDNN)
           ", cuDNN"
#endif
        ;
}

std::vector<std::string> cuda_cards() {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess) {
        cudaGetLastError();
        return {};
    }
    std::vector<std::string> cards;
    for (int card = 0; card < count; ++card) {
        char name[32] = {};
        cuda::check(cudaDeviceGetPCIBusId(name, sizeof name, card), "asking where a card is");
        cards.emplace_back(name);
    }
    return cards;
}

void use_cuda_card(int card) {
    cuda::check(cudaSetDevice(card), "choosing a card");
}

}  // namespace heed
