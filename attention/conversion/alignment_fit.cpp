#include "heed/attention/conversion/alignment_fit.h"

#include "heed/attention/conversion/attention_weights.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {

namespace {

Parameter& alignment_of(Attention& layer) {
    for (Parameter* parameter : layer.parameters()) {
        if (parameter->parts().front().name.ends_with("alignment.weight")) return *parameter;
    }
    throw Error("an attention layer without an alignment matrix cannot be fitted one");
}

/// The layer as a linear operator on its alignment matrix.
class AlignmentOperator {
public:
    AlignmentOperator(Attention& layer, const LayerInputs& inputs)
        : layer_(layer), inputs_(inputs), parameter_(alignment_of(layer)) {}

    /// A' r, where residual(batch, A matrix) gives the rows of r for the operator's values.
    template <class Residual>
    Eigen::MatrixXd transposed(const Eigen::MatrixXd& matrix, const Residual& residual) {
        const TokenRows stored = matrix.cast<float>();
        Tensor value = parameter_.value();
        value.copy_from_host(stored.data());
        for (Parameter* parameter : layer_.parameters()) {
            if (parameter->trainable()) parameter->gradient_slot().clear();
        }
        Context& context = value.context();
        bool any = false;
        for (size_t batch = 0; batch < inputs_.size(); ++batch) {
            const AttentionInput& input = inputs_[batch];
            if (input.query.value().elements() == 0) continue;
            const Variable output = layer_.forward(input, {});
            const std::vector<int64_t> counts = query_counts(input);
            const TokenRows rows = residual(batch, real_rows(output.value(), counts));
            context.tape().backward(output, spread_rows(context, rows, counts, output.shape()));
            context.tape().clear();
            any = true;
        }
        if (!any) return Eigen::MatrixXd::Zero(matrix.rows(), matrix.cols());
        const std::vector<float> gradient = parameter_.gradient_slot().gradient().to_vector();
        return Eigen::Map<const TokenRows>(gradient.data(), matrix.rows(), matrix.cols()).cast<double>();
    }

    bool trainable() const { return parameter_.trainable(); }

private:
    Attention& layer_;
    const LayerInputs& inputs_;
    Parameter& parameter_;
};

double dot(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
    return a.cwiseProduct(b).sum();
}

}  // namespace

bool fit_alignment(Attention& layer, const LayerInputs& inputs, const std::vector<TokenRows>& targets,
                   int64_t iterations) {
    constexpr double damping = 1e-4;  // of the operator's size in the direction of the first step
    AlignmentOperator op(layer, inputs);
    if (!op.trainable()) return false;
    AttentionWeights weights = AttentionWeights::of(layer);
    const Eigen::VectorXd bias = weights.output_bias;
    const Eigen::RowVectorXf bias_row = bias.cast<float>();
    weights.output_bias.setZero();
    weights.copy_to(layer);
    Eigen::MatrixXd matrix = weights.alignment;
    Eigen::MatrixXd residual = op.transposed(matrix, [&](size_t batch, const TokenRows& output) {
        return TokenRows((targets[batch].rowwise() - bias_row) - output);
    });
    Eigen::MatrixXd direction = residual;
    double squares = dot(residual, residual), lambda = 0.0;
    for (int64_t iteration = 0; iteration < iterations && squares > 0.0; ++iteration) {
        double size = 0.0;  // || A p ||^2
        Eigen::MatrixXd image = op.transposed(direction, [&](size_t, const TokenRows& output) {
            size += output.cast<double>().squaredNorm();
            return output;
        });
        if (iteration == 0) lambda = damping * size / squares;
        image += lambda * direction;
        const double curvature = size + lambda * dot(direction, direction);
        if (curvature <= 0.0) break;
        const double step = squares / curvature;
        matrix += step * direction;
        residual -= step * image;
        const double next = dot(residual, residual);
        direction = residual + (next / squares) * direction;
        squares = next;
    }
    weights.alignment = matrix;
    weights.output_bias = bias;
    weights.copy_to(layer);
    return true;
}

}  // namespace heed
