// The kernels of every op on the device `shapes`. Workspaces are as large as on the processor.
#include "heed/core/kernels/activation_kernels.h"
#include "heed/core/kernels/binary_cross_entropy_kernels.h"
#include "heed/core/kernels/copy_rows_kernels.h"
#include "heed/core/kernels/cross_entropy_kernels.h"
#include "heed/core/kernels/distillation_kernels.h"
#include "heed/core/kernels/drop_path_kernels.h"
#include "heed/core/kernels/dropout_kernels.h"
#include "heed/core/kernels/elementwise_kernels.h"
#include "heed/core/kernels/embedding_kernels.h"
#include "heed/core/kernels/image_kernels.h"
#include "heed/core/kernels/layer_norm_kernels.h"
#include "heed/core/kernels/mix_tokens_kernels.h"
#include "heed/core/kernels/optimizer_kernels.h"
#include "heed/core/kernels/permute_heads_kernels.h"
#include "heed/core/kernels/residual_add_kernels.h"
#include "heed/core/kernels/residual_layer_norm_kernels.h"
#include "heed/core/kernels/smooth_l1_kernels.h"
#include "heed/core/kernels/softmax_kernels.h"
#include "heed/core/kernels/squared_error_kernels.h"
#include "heed/core/kernels/token_assembly_kernels.h"
#include "heed/core/kernels/token_pool_kernels.h"
#include "heed/core/kernels/totals_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const ActivationKernels& activation_shapes() {
    static const ActivationKernels kernels = {nothing, nothing, nothing, activation_cpu().backward_bias_workspace};
    return kernels;
}

const BinaryCrossEntropyKernels& binary_cross_entropy_shapes() {
    static const BinaryCrossEntropyKernels kernels = {nothing};
    return kernels;
}

const CopyRowsKernels& copy_rows_shapes() {
    static const CopyRowsKernels kernels = {nothing};
    return kernels;
}

const CrossEntropyKernels& cross_entropy_shapes() {
    static const CrossEntropyKernels kernels = {nothing, nothing};
    return kernels;
}

const DistillationKernels& distillation_shapes() {
    static const DistillationKernels kernels = {nothing};
    return kernels;
}

const DropPathKernels& drop_path_shapes() {
    static const DropPathKernels kernels = {nothing};
    return kernels;
}

const DropoutKernels& dropout_shapes() {
    static const DropoutKernels kernels = {nothing};
    return kernels;
}

const ElementwiseKernels& elementwise_shapes() {
    static const ElementwiseKernels kernels = {
        nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, elementwise_cpu().sum_rows_workspace,
        nothing};
    return kernels;
}

const EmbeddingKernels& embedding_shapes() {
    static const EmbeddingKernels kernels = {nothing, nothing, embedding_cpu().backward_workspace};
    return kernels;
}

const ImageKernels& image_shapes() {
    static const ImageKernels kernels = {nothing, nothing, nothing};
    return kernels;
}

const LayerNormKernels& layer_norm_shapes() {
    static const LayerNormKernels kernels = {nothing, nothing, layer_norm_cpu().backward_workspace};
    return kernels;
}

const MixTokensKernels& mix_tokens_shapes() {
    static const MixTokensKernels kernels = {nothing, nothing, nothing};
    return kernels;
}

const OptimizerKernels& optimizer_shapes() {
    static const OptimizerKernels kernels = {nothing, nothing, nothing, nothing, nothing, nothing, nothing};
    return kernels;
}

const PermuteHeadsKernels& permute_heads_shapes() {
    static const PermuteHeadsKernels kernels = {nothing};
    return kernels;
}

const ResidualAddKernels& residual_add_shapes() {
    static const ResidualAddKernels kernels = {nothing, nothing};
    return kernels;
}

const ResidualLayerNormKernels& residual_layer_norm_shapes() {
    static const ResidualLayerNormKernels kernels = {nothing, nothing, residual_layer_norm_cpu().backward_workspace};
    return kernels;
}

const SmoothL1Kernels& smooth_l1_shapes() {
    static const SmoothL1Kernels kernels = {nothing};
    return kernels;
}

const SoftmaxKernels& softmax_shapes() {
    static const SoftmaxKernels kernels = {nothing, nothing};
    return kernels;
}

const SquaredErrorKernels& squared_error_shapes() {
    static const SquaredErrorKernels kernels = {nothing};
    return kernels;
}

const TokenAssemblyKernels& token_assembly_shapes() {
    static const TokenAssemblyKernels kernels = {nothing, nothing};
    return kernels;
}

const TokenPoolKernels& token_pool_shapes() {
    static const TokenPoolKernels kernels = {nothing, nothing};
    return kernels;
}

const TotalsKernels& totals_shapes() {
    static const TotalsKernels kernels = {nothing, nothing, nothing};
    return kernels;
}

}  // namespace heed
