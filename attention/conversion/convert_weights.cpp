#include "heed/attention/conversion/convert_weights.h"

#include <algorithm>

namespace heed {

namespace {

/// Whether the matrix has nothing outside of the blocks of the heads and their slices.
bool has_blocks_only(const Eigen::MatrixXd& matrix, int64_t heads, const HeadPlan& plan) {
    Eigen::MatrixXd rest = matrix;
    const int64_t size = matrix.rows() / heads;
    for (int64_t head = 0; head < heads; ++head) {
        rest.block(plan.slice_of(head) * size, head * size, size, size).setZero();
    }
    return rest.isZero(0.0);
}

/// Moves columns (or the entries of a bias) from each head to its slice.
template <class Values>
Values moved_columns(const Values& values, const AttentionWeights& weights, const HeadPlan& plan) {
    Values moved = values;
    const int64_t size = weights.head_dim();
    for (int64_t head = 0; head < weights.heads; ++head) {
        if constexpr (Values::ColsAtCompileTime == 1) {
            moved.segment(plan.slice_of(head) * size, size) = values.segment(head * size, size);
        } else {
            moved.middleCols(plan.slice_of(head) * size, size) = values.middleCols(head * size, size);
        }
    }
    return moved;
}

Eigen::MatrixXd moved_rows(const Eigen::MatrixXd& values, const AttentionWeights& weights, const HeadPlan& plan) {
    return moved_columns(Eigen::MatrixXd(values.transpose()), weights, plan).transpose();
}

/// Scores (x W_Q)_i (y W_K)_i' become (x W_Q,i N_i) y_j'.
void fold_key_into_query(AttentionWeights& weights, const HeadPlan& plan) {
    const int64_t size = weights.head_dim();
    for (int64_t head = 0; head < weights.heads; ++head) {
        Eigen::MatrixXd map = head_block(weights.key, plan.slice_of(head), head, size).transpose();
        if (!plan.key_maps.empty()) map = plan.key_maps[static_cast<size_t>(head)];
        weights.query.middleCols(head * size, size) *= map;
        weights.query_bias.segment(head * size, size) =
            (map.transpose() * weights.query_bias.segment(head * size, size)).eval();
    }
    weights.key.setIdentity();
    weights.key_bias.setZero();
}

/// S_i (y W_V)_i W_O,i becomes S_i y_j (W_V,ji W_O,i).
void fold_value_into_output(AttentionWeights& weights, const HeadPlan& plan) {
    const int64_t size = weights.head_dim();
    weights.output_bias += weights.output.transpose() * weights.value_bias;
    weights.value_bias.setZero();
    for (int64_t head = 0; head < weights.heads; ++head) {
        weights.output.middleRows(head * size, size) =
            (head_block(weights.value, plan.slice_of(head), head, size) * weights.output.middleRows(head * size, size))
                .eval();
    }
    weights.value.setIdentity();
}

Eigen::MatrixXd alignment_of_size(const Eigen::MatrixXd& old, int64_t keys) {
    Eigen::MatrixXd alignment = Eigen::MatrixXd::Identity(keys, keys);
    const int64_t common = std::min<int64_t>(keys, old.rows());
    alignment.topLeftCorner(common, common) = old.topLeftCorner(common, common);
    return alignment;
}

}  // namespace

Eigen::MatrixXd head_block(const Eigen::MatrixXd& matrix, int64_t slice, int64_t head, int64_t head_dim) {
    return matrix.block(slice * head_dim, head * head_dim, head_dim, head_dim);
}

ConvertedWeights convert_weights(const AttentionWeights& old, const AttentionForm& form, int64_t keys,
                                 const HeadPlan& plan) {
    ConvertedWeights converted{old};
    AttentionWeights& weights = converted.weights;
    weights.form = form;
    if (form.alignment) {
        weights.alignment = alignment_of_size(old.alignment, keys);
    } else if (old.form.alignment) {
        converted.exact = old.alignment.isIdentity(0.0);
        weights.alignment.resize(0, 0);
    }
    const bool folds_key = old.form.key && !form.key, folds_value = old.form.value && !form.value;
    if (folds_key) {
        converted.exact = converted.exact && plan.key_maps.empty() && has_blocks_only(old.key, old.heads, plan);
        fold_key_into_query(weights, plan);
    }
    if (folds_value) {
        converted.exact = converted.exact && has_blocks_only(old.value, old.heads, plan);
        fold_value_into_output(weights, plan);
    }
    if (folds_key || folds_value) {
        weights.query = moved_columns(weights.query, old, plan);
        weights.query_bias = moved_columns(weights.query_bias, old, plan);
        weights.output = moved_rows(weights.output, old, plan);
        if (form.key) {
            weights.key = moved_columns(weights.key, old, plan);
            weights.key_bias = moved_columns(weights.key_bias, old, plan);
        }
    }
    return converted;
}

}  // namespace heed
