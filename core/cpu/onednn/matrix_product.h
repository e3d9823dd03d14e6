#pragma once

#include "heed/core/device/device.h"

namespace heed::onednn {

/// The matrix product of the device cpu, by oneDNN with `thread_count()` threads. Equal calls give the same bits for
/// the same number of threads. With c_batch_stride = 0 the products of a batch follow one another into the same c.
/// The first product limits oneDNN to the instruction set that is active then, for the rest of the process.
/// Throws Error for a negative size, a row stride below the length of a row, and where oneDNN fails. Precision: f32, or
/// bf16 where `multiplies_in_bf16`.
void matrix_product(const MatrixProduct& product, Precision precision = Precision::f32);

/// Whether this machine, limited to the active instruction set, has AVX512-BF16 or AMX.
bool multiplies_in_bf16();

}  // namespace heed::onednn
