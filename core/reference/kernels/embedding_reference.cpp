#include "heed/core/kernels/embedding_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void embedding_forward(const EmbeddingForward& a) {
    for (int64_t i = 0; i < a.count; ++i) {
        const int64_t id = reference_address(a.ids)[i];
        for (int64_t j = 0; j < a.dim; ++j) {
            reference_address(a.out)[i * a.dim + j] = reference_address(a.table)[id * a.dim + j] * a.scale;
        }
    }
}

void embedding_backward(const EmbeddingBackward& a) {
    float* dtable = reference_address(a.dtable);
    if (!a.accumulate) {
        for (int64_t i = 0; i < a.vocabulary * a.dim; ++i) dtable[i] = 0;
    }
    for (int64_t i = 0; i < a.count; ++i) {
        const int64_t id = reference_address(a.ids)[i];
        for (int64_t j = 0; j < a.dim; ++j) {
            dtable[id * a.dim + j] += reference_address(a.dout)[i * a.dim + j] * a.scale;
        }
    }
}

int64_t embedding_backward_workspace(int64_t, int64_t) {
    return 0;
}

constexpr EmbeddingKernels embedding_reference_kernels = {embedding_forward, embedding_backward,
                                                          embedding_backward_workspace};

}  // namespace

const EmbeddingKernels& embedding_reference() {
    return embedding_reference_kernels;
}

}  // namespace heed
