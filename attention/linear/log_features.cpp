#include "heed/attention/linear/log_features.h"

#include <string>
#include <utility>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/tensor/element_address.h"

namespace heed {

namespace {

/// Sizes of a use of log_features, and the products that it consists of: one for each head.
struct LogFeatureSizes {
    int64_t batch, tokens, width, heads, features, head_dim;
    bool shared;  ///< by all samples

    int64_t products() const { return shared ? heads : batch * heads; }
    /// Sets what all products have in common; `product` is one of them.
    int64_t rows() const { return shared ? batch * tokens : tokens; }
    int64_t head(int64_t product) const { return product % heads; }
    int64_t first_token(int64_t product) const { return shared ? 0 : product / heads * tokens; }
    int64_t first_x(int64_t product, int64_t first_column) const {
        return first_token(product) * width + first_column + head(product) * head_dim;
    }
    int64_t first_y(int64_t product) const { return (first_token(product) * heads + head(product)) * features; }
    int64_t first_direction(int64_t product) const { return product * features * head_dim; }
};

LogFeatureSizes log_feature_sizes(const Shape& x, const Shape& directions) {
    return {x[0], x[1], x[2], directions[1], directions[2], directions[3], directions[0] == 1 && x[0] != 1};
}

FeatureNorms norms(const LogFeatureSizes& sizes, const Tensor& x, int64_t first_column, float factor) {
    FeatureNorms result{};
    result.batch = sizes.batch;
    result.tokens = sizes.tokens;
    result.heads = sizes.heads;
    result.features = sizes.features;
    result.head_dim = sizes.head_dim;
    result.factor = factor;
    result.x = as_const(head_view(x, first_column, sizes.head_dim));
    return result;
}

struct LogFeaturesNode final : Node {
    LogFeaturesNode() : Node("log_features") {}
    void backward() override {
        const Tensor& dy = output().gradient();
        const LogFeatureSizes sizes = log_feature_sizes(x.shape(), directions.shape());
        if (dy.elements() == 0) return;
        Context& context = dy.context();
        if (x_slot) {
            auto [dx, accumulate] = x_slot->target();
            if (!accumulate) dx.fill_zero();
            for (int64_t i = 0; i < sizes.products(); ++i) {
                MatrixProduct product;
                product.rows = sizes.rows();
                product.columns = sizes.head_dim;
                product.inner = sizes.features;
                product.a = element_address(dy, sizes.first_y(i));
                product.a_row_stride = sizes.heads * sizes.features;
                product.b = element_address(directions, sizes.first_direction(i));
                product.b_row_stride = sizes.head_dim;
                product.beta = 1.0f;
                product.c = element_address(dx, sizes.first_x(i, first_column));
                product.c_row_stride = sizes.width;
                multiply(context, product);
            }
            if (factor != 0.0f) {
                FeatureNorms arguments = norms(sizes, x, first_column, factor);
                arguments.dy = dy.f32();
                arguments.dx = head_view(dx, first_column, sizes.head_dim);
                feature_kernels(dy).norm_gradients(arguments);
            }
        }
        if (!directions_slot) return;
        auto [d_directions, accumulate] = directions_slot->target();
        for (int64_t i = 0; i < sizes.products(); ++i) {
            MatrixProduct product;
            product.transpose_a = true;
            product.rows = sizes.features;
            product.columns = sizes.head_dim;
            product.inner = sizes.rows();
            product.a = element_address(dy, sizes.first_y(i));
            product.a_row_stride = sizes.heads * sizes.features;
            product.b = element_address(x, sizes.first_x(i, first_column));
            product.b_row_stride = sizes.width;
            product.beta = accumulate ? 1.0f : 0.0f;
            product.c = element_address(d_directions, sizes.first_direction(i));
            product.c_row_stride = sizes.head_dim;
            multiply(context, product);
        }
    }
    Tensor x, directions;
    int64_t first_column = 0;
    float factor = 0.0f;
    GradientSlot *x_slot = nullptr, *directions_slot = nullptr;
};

void check_log_features(const HeadColumns& x, const Variable& directions) {
    check_rank("log_features", "x", x.source.shape(), 3);
    check_rank("log_features", "directions", directions.shape(), 4);
    const Shape& shape = directions.shape();
    if (shape[0] != 1) check_shape("log_features", "directions", shape, shape.with_first(x.source.shape()[0]));
    const int64_t width = x.source.shape()[2];
    if (x.first_column < 0 || x.first_column + shape[1] * shape[3] > width || shape[2] < 1) {
        throw Error("log_features: directions " + shape.to_string() + " from column " + std::to_string(x.first_column) +
                    " on do not fit the " + std::to_string(width) + " columns of x");
    }
}

}  // namespace

Variable log_features(const HeadColumns& x, const Variable& directions, float factor) {
    const OpScope scope(x.source.context(), "log_features");
    check_log_features(x, directions);
    const LogFeatureSizes sizes = log_feature_sizes(x.source.shape(), directions.shape());
    Tensor y = Tensor::empty(x.source.context(), {sizes.batch, sizes.tokens, sizes.heads, sizes.features});
    Context& context = y.context();
    for (int64_t i = 0; i < sizes.products() && y.elements() > 0; ++i) {
        MatrixProduct product;
        product.transpose_b = true;
        product.rows = sizes.rows();
        product.columns = sizes.features;
        product.inner = sizes.head_dim;
        product.a = element_address(x.source.value(), sizes.first_x(i, x.first_column));
        product.a_row_stride = sizes.width;
        product.b = element_address(directions.value(), sizes.first_direction(i));
        product.b_row_stride = sizes.head_dim;
        product.c = element_address(y, sizes.first_y(i));
        product.c_row_stride = sizes.heads * sizes.features;
        multiply(context, product);
    }
    if (factor != 0.0f && y.elements() > 0) {
        FeatureNorms arguments = norms(sizes, x.source.value(), x.first_column, factor);
        arguments.y = y.f32();
        feature_kernels(y).subtract_norms(arguments);
    }
    Tape& tape = y.context().tape();
    if (!tape.records(x.source, directions)) return Variable(std::move(y));
    auto& node = tape.record<LogFeaturesNode>();
    node.x = x.source.value();
    node.directions = directions.value();
    node.first_column = x.first_column;
    node.factor = factor;
    node.x_slot = x.source.slot();
    node.directions_slot = directions.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
