#include "heed/attention/convolution/token_convolution.h"

#include <string>
#include <utility>

#include "heed/attention/convolution/token_convolution_kernels.h"
#include "heed/attention/heads/head_inputs.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/column_sums.h"

namespace heed {

namespace {

TokenConvolutionShape shape_of(const TokenConvolution& convolution) {
    const Shape& x = convolution.x.source.shape();
    TokenConvolutionShape shape{};
    shape.batch = x[0];
    shape.tokens = x[1];
    shape.heads = convolution.heads;
    shape.head_dim = convolution.head_dim;
    shape.size = convolution.kernel.shape()[1];
    shape.lengths = convolution.lengths.data_or_null<int32_t>();
    return shape;
}

struct TokenConvolutionNode final : Node {
    explicit TokenConvolutionNode(const TokenConvolution& of)
        : Node("token_convolution"),
          shape(shape_of(of)),
          x(of.x.source.value()),
          kernel(of.kernel.value()),
          lengths(of.lengths),
          first_column(of.x.first_column),
          x_slot(of.x.source.slot()),
          kernel_slot(of.kernel.slot()) {}
    void backward() override {
        const Tensor& dy = output().gradient();
        TokenConvolutionBackward arguments{};
        arguments.shape = shape;
        arguments.x = as_const(head_view(x, first_column, shape.head_dim));
        arguments.kernel = kernel.f32();
        arguments.dy = as_const(head_view(dy, 0, shape.head_dim));
        if (x_slot) {
            auto [dx, accumulate] = x_slot->target();
            if (!accumulate) dx.fill_zero();
            arguments.dx = head_view(dx, first_column, shape.head_dim);
        }
        Tensor of_samples;
        if (kernel_slot) {
            of_samples = Tensor::empty(dy.context(), {shape.batch, kernel.shape().elements()});
            arguments.d_kernel = of_samples.f32();
        }
        token_convolution_kernels(dy).backward(arguments);
        if (kernel_slot) column_sums(of_samples, *kernel_slot);
    }
    TokenConvolutionShape shape;
    Tensor x, kernel, lengths;  // the shape points to the lengths
    int64_t first_column;
    GradientSlot *x_slot, *kernel_slot;
};

}  // namespace

Variable token_convolution(const TokenConvolution& convolution) {
    const Variable& x = convolution.x.source;
    const OpScope scope(x.context(), "token_convolution");
    check_rank("token_convolution", "x", x.shape(), 3);
    check_rank("token_convolution", "kernel", convolution.kernel.shape(), 2);
    const int64_t size = convolution.kernel.shape()[1], columns = convolution.heads * convolution.head_dim;
    check_shape("token_convolution", "kernel", convolution.kernel.shape(), {convolution.heads, size});
    if (size % 2 == 0 || convolution.head_dim < 1 || convolution.x.first_column < 0 ||
        convolution.x.first_column + columns > x.shape()[2]) {
        throw Error("token_convolution: expected kernels of an odd size, and heads within the " +
                    std::to_string(x.shape()[2]) + " columns of x");
    }
    if (convolution.lengths.defined()) {
        check_dtype("token_convolution", "lengths", convolution.lengths, DType::i32);
        check_shape("token_convolution", "lengths", convolution.lengths.shape(), {x.shape()[0]});
    }
    Tensor y = Tensor::empty(x.context(), {x.shape()[0], x.shape()[1], columns});
    token_convolution_kernels(y).forward({.shape = shape_of(convolution),
                                          .x = head_view(convolution.x, convolution.head_dim),
                                          .kernel = convolution.kernel.value().f32(),
                                          .y = head_view(y, 0, convolution.head_dim)});
    Tape& tape = x.context().tape();
    if (!tape.records(x) && !tape.records(convolution.kernel)) return Variable(std::move(y));
    return tape.output(tape.record<TokenConvolutionNode>(convolution), std::move(y));
}

}  // namespace heed
