#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "heed/attention/attention.h"

namespace heed {

/// The matrices that an attention layer has beside those of query and output. What it has not is the identity.
struct AttentionForm {
    bool projections = true;  ///< of query and output; without them (none, s4d) no weights pass to or from other types
    bool key = false;
    bool value = false;
    bool alignment = false;
};

/// The form of a layer, by its parameters.
AttentionForm attention_form(Attention& layer);

/// Whether its output has a bias, as its projections then have.
bool has_biases(Attention& layer);

/// The matrices of an attention layer in double precision, in the form that all types share: queries are x W_Q + b_Q,
/// tokens being rows, the output is [H_1 ... H_h] W_O + b_O.
struct AttentionWeights {
    AttentionForm form;
    int64_t heads = 1;
    Eigen::MatrixXd query, key, value, output;  ///< [dim, dim]; of key and value the identity where the form lacks them
    Eigen::VectorXd query_bias, key_bias, value_bias, output_bias;  ///< [dim]; zeros where the layer has none
    Eigen::MatrixXd alignment;                                      ///< [n, n]; empty where the form lacks it

    int64_t dim() const { return query.rows(); }
    int64_t head_dim() const { return dim() / heads; }

    /// Those of a layer that has been laid out and has projections.
    static AttentionWeights of(Attention& layer);
    /// Gives them to a layer of the same form. Throws UserError where it has no bias for one that is not zero.
    void copy_to(Attention& layer) const;
};

}  // namespace heed
