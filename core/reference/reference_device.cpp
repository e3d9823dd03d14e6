#include "heed/core/reference/reference_device.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include "heed/core/error.h"
#include "heed/core/reference/address.h"
#include "heed/core/reference/matrix_product.h"

namespace heed {

namespace {

class ReferenceDevice final : public Device {
public:
    DeviceKind kind() const override { return DeviceKind::reference; }
    const char* name() const override { return "reference"; }

    void* allocate(size_t bytes) override {
        void* address = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (!address) throw Error("out of memory: " + std::to_string(bytes) + " bytes could not be allocated");
        return to_reference_address(address);
    }
    void release(void* address, size_t) override { std::free(reference_address(address)); }

    void copy_from_host(void* destination, const void* host, size_t bytes) override {
        if (bytes) std::memcpy(reference_address(destination), host, bytes);
    }
    void copy_to_host(void* host, const void* source, size_t bytes) override {
        if (bytes) std::memcpy(host, reference_address(source), bytes);
    }
    void copy(void* destination, const void* source, size_t bytes) override {
        if (bytes) std::memcpy(reference_address(destination), reference_address(source), bytes);
    }
    void fill_zero(void* destination, size_t bytes) override {
        if (bytes) std::memset(reference_address(destination), 0, bytes);
    }
    bool shares_host_memory() const override { return false; }

    void matrix_product(const MatrixProduct& product) override { reference_matrix_product(product); }
};

}  // namespace

std::unique_ptr<Device> make_reference_device() {
    return std::make_unique<ReferenceDevice>();
}

}  // namespace heed
