#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/products/matrix_product.cuh"
#include "heed/core/cuda/rounding.cuh"
#include "heed/core/cuda/shared_memory.cuh"
#include "heed/core/tensor/bf16.h"

namespace heed::cuda {

namespace {

constexpr int tile = 64;       // rows and columns of c that a block computes
constexpr int depth = 16;      // of op(a) and op(b) that are in shared memory at a time
constexpr int per_thread = 4;  // rows and columns of c that a thread computes
constexpr int side = tile / per_thread;
constexpr int tile_threads = side * side;
constexpr int padded_tile = tile + 1;  // neighbouring threads store to different banks

/// op(m) of rows x columns with zeros outside, its elements rounded.
template <Precision precision>
struct Operand {
    ConstElements data;
    int64_t row_stride;
    bool transposed;
    int64_t rows;
    int64_t columns;

    __device__ float at(int64_t row, int64_t column) const {
        if (row >= rows || column >= columns) return 0;
        const int64_t place = transposed ? column * row_stride + row : row * row_stride + column;
        return data.is_bf16() ? to_float(data.bf16()[place]) : rounded<precision>(data.f32()[place]);
    }
};

/// An element of c from its sum.
template <class Element>
__device__ void write(const MatrixProduct& p, float sum, int64_t column, Element& out) {
    float value = p.alpha * sum;
    if (p.beta != 0) value += p.beta * to_float(out);
    if (p.bias) value += p.bias[column];
    out = from_float<Element>(value);
}

/// One block computes tile x tile elements of c of one batch entry, a thread per_thread x per_thread of them: rows
/// threadIdx.y + i * side, columns threadIdx.x + j * side. Neighbouring threads read neighbouring addresses, whether an
/// operand is transposed or not.
template <Precision precision>
__global__ void __launch_bounds__(tile_threads) matrix_product_kernel(MatrixProduct p, int64_t tiles_across) {
    HEED_SHARED(float, a_tile, depth* padded_tile);
    HEED_SHARED(float, b_tile, depth* padded_tile);
    const int thread = static_cast<int>(threadIdx.y * side + threadIdx.x);
    const int64_t first_row = int64_t{blockIdx.x} / tiles_across * tile;
    const int64_t first_column = int64_t{blockIdx.x} % tiles_across * tile;
    for (int64_t entry = blockIdx.y; entry < p.batch; entry += gridDim.y) {
        const Operand<precision> a{p.a + entry * p.a_batch_stride, p.a_row_stride, p.transpose_a, p.rows, p.inner};
        const Operand<precision> b{p.b + entry * p.b_batch_stride, p.b_row_stride, p.transpose_b, p.inner, p.columns};
        float sum[per_thread][per_thread] = {};
        for (int64_t first = 0; first < p.inner; first += depth) {
            __syncthreads();
            for (int i = thread; i < tile * depth; i += tile_threads) {
                const int a_row = p.transpose_a ? i % tile : i / depth, a_k = p.transpose_a ? i / tile : i % depth;
                const int b_column = p.transpose_b ? i / depth : i % tile, b_k = p.transpose_b ? i % depth : i / tile;
                a_tile[a_k * padded_tile + a_row] = a.at(first_row + a_row, first + a_k);
                b_tile[b_k * padded_tile + b_column] = b.at(first + b_k, first_column + b_column);
            }
            __syncthreads();
            for (int k = 0; k < depth; ++k) {
                float a_values[per_thread], b_values[per_thread];
                for (int i = 0; i < per_thread; ++i) {
                    a_values[i] = a_tile[k * padded_tile + static_cast<int>(threadIdx.y) + i * side];
                    b_values[i] = b_tile[k * padded_tile + static_cast<int>(threadIdx.x) + i * side];
                }
                for (int i = 0; i < per_thread; ++i) {
                    for (int j = 0; j < per_thread; ++j) sum[i][j] += a_values[i] * b_values[j];
                }
            }
        }
        for (int i = 0; i < per_thread; ++i) {
            const int64_t row = first_row + threadIdx.y + i * side;
            for (int j = 0; j < per_thread; ++j) {
                const int64_t column = first_column + threadIdx.x + j * side;
                if (row >= p.rows || column >= p.columns) continue;
                const int64_t place = entry * p.c_batch_stride + row * p.c_row_stride + column;
                if (p.c.is_bf16()) {
                    write(p, sum[i][j], column, p.c.bf16()[place]);
                } else {
                    write(p, sum[i][j], column, p.c.f32()[place]);
                }
            }
        }
    }
}

}  // namespace

void tiled_matrix_product(const MatrixProduct& p, Precision precision) {
    const int64_t across = (p.columns + tile - 1) / tile, down = (p.rows + tile - 1) / tile;
    // The products of a batch that share c follow one another in the same block.
    const unsigned entries = p.c_batch_stride == 0 && p.batch > 1 ? 1 : blocks_for(p.batch, 1);
    const auto launch_with = [&](auto* kernel) {
        launch("matrix product", {dim3(static_cast<unsigned>(across * down), entries), dim3(side, side)}, kernel, p,
               across);
    };
    switch (precision) {
        case Precision::f32:
            return launch_with(matrix_product_kernel<Precision::f32>);
        case Precision::tf32:
            return launch_with(matrix_product_kernel<Precision::tf32>);
        case Precision::bf16:
            return launch_with(matrix_product_kernel<Precision::bf16>);
    }
}

}  // namespace heed::cuda
