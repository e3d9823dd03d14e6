#pragma once

#include <cstdint>
#include <vector>

#include "heed/attention/conversion/attention_weights.h"

namespace heed {

/// How the heads of a layer are carried over to one that lacks key or value matrices, where head j has the columns of
/// slice j of its input for keys or values.
struct HeadPlan {
    /// The slice of each old head; empty: head i has slice i.
    std::vector<int64_t> slices;
    /// For each old head i the matrix N_i [head dim, head dim] with which its keys are about N_i x_j, x_j being the
    /// columns of its slice; empty: the block of W_K that lies there.
    std::vector<Eigen::MatrixXd> key_maps;

    int64_t slice_of(int64_t head) const { return slices.empty() ? head : slices[static_cast<size_t>(head)]; }
};

/// Weights of another form, and whether a layer with them gives what the old one gave, to rounding, where each query
/// has a key and there is no dropout.
struct ConvertedWeights {
    AttentionWeights weights;
    bool exact = true;
};

/// The weights in another form, without data. Identities are put in for what the old form lacked. A matrix that the new
/// form lacks is folded into query (W_K) or output (W_V): as a whole with one head, with several by the block of each
/// head and its slice, which is exact where there is nothing else; its bias goes (that of the key shifts all scores of
/// a query by the same) or moves into that of the output (that of the value). An alignment matrix that the new form
/// lacks is dropped; a new one has `keys` rows, n: those of the old one as far as it goes, else of the identity.
ConvertedWeights convert_weights(const AttentionWeights& old, const AttentionForm& form, int64_t keys = 0,
                                 const HeadPlan& plan = {});

/// The columns of keys or values (a matrix [dim, dim]) that belong to a head, as far as they come from one slice of the
/// input.
Eigen::MatrixXd head_block(const Eigen::MatrixXd& matrix, int64_t slice, int64_t head, int64_t head_dim);

}  // namespace heed
