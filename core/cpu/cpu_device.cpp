#include "heed/core/cpu/cpu_device.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/core/cpu/onednn/version.h"
#include "heed/core/error.h"

namespace heed {

namespace {

class CpuDevice final : public Device {
public:
    DeviceKind kind() const override { return DeviceKind::cpu; }
    const char* name() const override { return "cpu"; }

    void* allocate(size_t bytes) override {
        void* address = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (!address) throw Error("out of memory: " + std::to_string(bytes) + " bytes could not be allocated");
        return address;
    }
    void release(void* address, size_t) override { std::free(address); }

    void copy_from_host(void* destination, const void* host, size_t bytes) override { copy(destination, host, bytes); }
    void copy_to_host(void* host, const void* source, size_t bytes) override { copy(host, source, bytes); }
    void copy(void* destination, const void* source, size_t bytes) override {
        if (bytes) std::memcpy(destination, source, bytes);
    }
    void fill_zero(void* destination, size_t bytes) override {
        if (bytes) std::memset(destination, 0, bytes);
    }
    bool shares_host_memory() const override { return true; }

    void matrix_product(const MatrixProduct& product) override { onednn::matrix_product(product, precision()); }
    std::string product_engine() const override { return std::string("oneDNN ") + onednn_version(); }

protected:
    void require_precision(Precision precision) const override {
        if (precision == Precision::bf16 && onednn::multiplies_in_bf16()) return;
        throw UserError(std::string("precision=") + name_of(precision) +
                        (precision == Precision::bf16
                             ? ": device=cpu needs a processor with AVX512-BF16 or AMX for it, this one has " +
                                   std::string(isa_name(active_isa())) + " and multiplies in f32 alone"
                             : ": device=cpu multiplies in f32 or, with AVX512-BF16 or AMX, in bf16; tf32 goes with "
                               "device=cuda"));
    }
};

}  // namespace

std::unique_ptr<Device> make_cpu_device() {
    return std::make_unique<CpuDevice>();
}

}  // namespace heed
