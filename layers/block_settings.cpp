#include "heed/layers/block_settings.h"

#include "heed/core/error.h"

namespace heed {

void describe_norm(Fields& fields, std::string& norm, double& epsilon) {
    fields.add("norm", norm, "normalise before (pre) or after (post) each residual sum").choices({"pre", "post"});
    fields.add("norm_epsilon", epsilon, "what each norm adds to the variance").range(1e-12, 1.0);
}

void describe_checkpointing(Fields& fields, bool& checkpoint_activations) {
    fields.add("checkpoint_activations", checkpoint_activations,
               "keep what enters each block alone and compute the rest again for the gradient: less memory, more time, "
               "the same results");
}

void describe_rotary_base(Fields& fields, double& base) {
    fields
        .add("rotary_base", base,
             "how slowly the angles of the later features of a head grow with the position: pair i of n turns by "
             "base^(-i / n) a token")
        .range(1.0, 1e9)
        .only_with("positions", {"rotary"});
}

double rotary_base_of(const std::string& positions, double base) {
    return positions == "rotary" ? base : 0.0;
}

void check_heads_divide(int64_t heads, int64_t dim) {
    if (dim % heads == 0) return;
    throw UserError("expected model.heads to divide model.dim, got " + std::to_string(heads) + " heads for dimension " +
                    std::to_string(dim));
}

}  // namespace heed
