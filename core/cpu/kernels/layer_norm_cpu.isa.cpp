#include "heed/core/cpu/kernels/layer_norm_rows.h"
#include "heed/core/kernels/layer_norm_kernels.h"

namespace heed::HEED_ISA {

namespace {

template <class Element>
void norm_to(Element* y, const LayerNormForward& a) {
    const int64_t n = a.width;
    parallel_for(a.rows, norm_forward_grain(n), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            normalize_row(a.x + row * n, a.gain, a.bias, y + row * n, a.mean + row, a.rstd + row, n, a.epsilon);
        }
    });
}

void layer_norm_forward(const LayerNormForward& a) {
    with_pointers([&](auto* y) { norm_to(y, a); }, a.y);
}

template <class Element>
void norm_backward_from(const Element* dy, const LayerNormBackward& a) {
    const NormBackwardRows<Element> rows = {.dy = dy,
                                            .x = a.x,
                                            .gain = a.gain,
                                            .mean = a.mean,
                                            .rstd = a.rstd,
                                            .extra = nullptr,
                                            .dx = a.dx,
                                            .dgain_partial = a.workspace,
                                            .dbias_partial = nullptr,
                                            .width = a.width};
    norm_backward(rows, a.rows, a.dgain, a.dbias, a.accumulate, [](int64_t, int64_t) {});
}

void layer_norm_backward(const LayerNormBackward& a) {
    with_pointers([&](auto* dy) { norm_backward_from(dy, a); }, a.dy);
}

int64_t layer_norm_backward_workspace(int64_t rows, int64_t width) {
    return sum_rows_tiles(rows) * 2 * width;
}

}  // namespace

extern const LayerNormKernels layer_norm;
const LayerNormKernels layer_norm = {layer_norm_forward, layer_norm_backward, layer_norm_backward_workspace};

}  // namespace heed::HEED_ISA
