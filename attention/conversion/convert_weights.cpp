#include "heed/attention/conversion/convert_weights.h"

namespace heed {

namespace {

/// Block number `head` on the diagonal of a matrix [dim, dim].
auto diagonal_block(const Eigen::MatrixXd& matrix, int64_t head, int64_t size) {
    return matrix.block(head * size, head * size, size, size);
}

/// Whether the matrix has nothing outside of the diagonal blocks of the heads.
bool is_block_diagonal(const Eigen::MatrixXd& matrix, int64_t heads) {
    Eigen::MatrixXd rest = matrix;
    const int64_t size = matrix.rows() / heads;
    for (int64_t head = 0; head < heads; ++head) rest.block(head * size, head * size, size, size).setZero();
    return rest.isZero(0.0);
}

/// Scores (x W_Q)_i (y W_K)_i' become (x W_Q W_K,ii')_i y_i'.
void fold_key_into_query(AttentionWeights& weights) {
    const int64_t size = weights.head_dim();
    for (int64_t head = 0; head < weights.heads; ++head) {
        const Eigen::MatrixXd block = diagonal_block(weights.key, head, size);
        weights.query.middleCols(head * size, size) *= block.transpose();
        weights.query_bias.segment(head * size, size) = (block * weights.query_bias.segment(head * size, size)).eval();
    }
    weights.key.setIdentity();
}

/// S_i (y W_V)_i W_O,i becomes S_i y_i (W_V,ii W_O,i).
void fold_value_into_output(AttentionWeights& weights) {
    const int64_t size = weights.head_dim();
    for (int64_t head = 0; head < weights.heads; ++head) {
        weights.output.middleRows(head * size, size) =
            (diagonal_block(weights.value, head, size) * weights.output.middleRows(head * size, size)).eval();
    }
    weights.value.setIdentity();
}

}  // namespace

ConvertedWeights convert_weights(const AttentionWeights& old, const AttentionForm& form, int64_t keys) {
    ConvertedWeights converted{old};
    AttentionWeights& weights = converted.weights;
    weights.form = form;
    if (old.form.alignment && !form.alignment) {
        converted.exact = old.alignment.isIdentity(0.0);
        weights.alignment.resize(0, 0);
    }
    if (form.alignment && !old.form.alignment) weights.alignment = Eigen::MatrixXd::Identity(keys, keys);
    if (old.form.key && !form.key) {
        converted.exact = converted.exact && is_block_diagonal(old.key, old.heads);
        weights.key_bias.setZero();
        fold_key_into_query(weights);
    }
    if (old.form.value && !form.value) {
        converted.exact = converted.exact && is_block_diagonal(old.value, old.heads);
        weights.output_bias += weights.output.transpose() * weights.value_bias;
        weights.value_bias.setZero();
        fold_value_into_output(weights);
    }
    return converted;
}

}  // namespace heed
