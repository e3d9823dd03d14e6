#pragma once

#include <memory>
#include <string>

#include "heed/core/device/device.h"

namespace heed::cuda {

/// The matrix product by cuBLASLt, and by the tiled kernel where it has no algorithm for a shape. Equal calls give the
/// same bits: the algorithm is chosen by shape, strides and alignment alone, out of those that add up in a fixed order.
class CublasProducts {
public:
    virtual ~CublasProducts() = default;
    virtual void multiply(const MatrixProduct& product, Precision precision) = 0;
    /// As Device::matrix_products_of_same_a: in bf16 there is one copy of a.
    virtual void multiply_same_a(const MatrixProduct& first, const MatrixProduct& second, Precision precision) = 0;
    /// "cuBLASLt" and its version.
    virtual std::string name() const = 0;
};

struct LoadedCublas {
    std::unique_ptr<CublasProducts> products;  ///< null where the library cannot be used
    std::string missing;                       ///< why, as " (...)"
};

/// Loads the library, unless the environment variable HEED_CUBLAS is "off". Throws UserError for another value of it
/// than "on", "off" and nothing. Null where this file is not linked: in a build without cublasLt.h, and in the
/// emulation of the tests, whose kernels run on the memory of the host.
[[gnu::weak]] LoadedCublas load_cublas();

}  // namespace heed::cuda
