#include "heed/attention/heads/head_gradients.h"

#include <cmath>
#include <string>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

HeadView head_view(const Tensor& source, int64_t first_column, int64_t head_dim) {
    const int64_t tokens = source.shape()[1], width = source.shape()[2];
    // Addresses of the reference device are no real pointers, so columns are skipped by a tensor view.
    float* first = source.elements() ? source.view(first_column, {1}).f32() : source.f32();
    return {first, tokens * width, width, head_dim};
}

ConstHeadView head_view(const HeadColumns& columns, int64_t head_dim) {
    return as_const(head_view(columns.source.value(), columns.first_column, head_dim));
}

SdpaShape sdpa_shape(const ScaledDotProduct& attention) {
    const Shape &queries = attention.query.source.shape(), &keys = attention.key.source.shape();
    SdpaShape shape{};
    shape.batch = queries[0];
    shape.heads = attention.heads;
    shape.queries = queries[1];
    shape.keys = keys[1];
    shape.head_dim = attention.head_dim;
    shape.scale = 1.0f / std::sqrt(static_cast<float>(attention.head_dim));
    shape.causal = attention.causal;
    shape.key_lengths = attention.mask.key_lengths.defined() ? attention.mask.key_lengths.data<int32_t>() : nullptr;
    shape.dropout = attention.dropout;
    shape.random = attention.stream;
    return shape;
}

void check_heads(const char* op, const ScaledDotProduct& attention) {
    if (attention.heads < 1 || attention.head_dim < 1 || attention.head_dim > largest_head_dim) {
        throw Error(std::string(op) + ": expected at least one head of 1 to " + std::to_string(largest_head_dim) +
                    " components, got " + std::to_string(attention.heads) + " heads of " +
                    std::to_string(attention.head_dim));
    }
    check_probability(op, attention.dropout);
    const Shape &queries = attention.query.source.shape(), &keys = attention.key.source.shape();
    for (const HeadColumns* columns : {&attention.query, &attention.key, &attention.value}) {
        const Shape& shape = columns->source.shape();
        check_rank(op, "input", shape, 3);
        if (columns->first_column < 0 || columns->first_column + attention.heads * attention.head_dim > shape[2]) {
            throw Error(std::string(op) + ": the heads do not lie within an input of shape " + shape.to_string());
        }
        const Shape& expected = columns == &attention.query ? queries : keys;
        check_shape(op, "tokens of the input", {shape[0], shape[1]}, {queries[0], expected[1]});
    }
    if (attention.mask.key_lengths.defined()) {
        check_dtype(op, "key_lengths", attention.mask.key_lengths, DType::i32);
        check_shape(op, "key_lengths", attention.mask.key_lengths.shape(), {queries[0]});
    }
}

HeadGradients::HeadGradients(const ScaledDotProduct& attention)
    : columns_(attention.heads * attention.head_dim), head_dim_(attention.head_dim) {
    const HeadColumns* inputs[3] = {&attention.query, &attention.key, &attention.value};
    for (int role = 0; role < 3; ++role) {
        roles_[role].tensor = inputs[role]->source.value();
        roles_[role].first_column = inputs[role]->first_column;
        roles_[role].slot = inputs[role]->source.slot();
    }
}

ConstHeadView HeadGradients::value_of(int role) const {
    return as_const(head_view(roles_[role].tensor, roles_[role].first_column, head_dim_));
}

HeadView HeadGradients::gradient_of(int role) const {
    return head_view(roles_[roles_[role].owner].gradient, roles_[role].first_column, head_dim_);
}

void HeadGradients::allocate() {
    int64_t covered[3] = {columns_, columns_, columns_};
    for (int role = 0; role < 3; ++role) {
        int& owner = roles_[role].owner;
        owner = role;
        for (int other = 0; other < role && owner == role; ++other) {
            if (roles_[other].owner == other && shares_with(other, role)) owner = other;
        }
        if (owner != role) covered[owner] += columns_;
    }
    for (int role = 0; role < 3; ++role) {
        if (roles_[role].owner != role) continue;
        const Tensor& source = roles_[role].tensor;
        roles_[role].gradient = Tensor::empty(source.context(), source.shape());
        if (covered[role] < source.shape()[2]) roles_[role].gradient.fill_zero();
    }
}

bool HeadGradients::shares_with(int first, int second) const {
    if (!roles_[first].slot || roles_[first].slot != roles_[second].slot) return false;
    for (int role = first; role < second; ++role) {
        if (role != first && roles_[role].owner != first) continue;
        if (std::abs(roles_[role].first_column - roles_[second].first_column) < columns_) return false;
    }
    return true;
}

void HeadGradients::hand_over() {
    for (int role = 0; role < 3; ++role) {
        if (roles_[role].owner == role && roles_[role].slot) {
            roles_[role].slot->add(std::move(roles_[role].gradient));
        }
    }
}

}  // namespace heed
