#include "heed/attention/conversion/attention_weights.h"

#include <string>
#include <vector>

#include "heed/core/error.h"

namespace heed {

namespace {

using StoredMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The values of the layer's part of that name ("key.weight"); an undefined tensor where it has none.
Tensor find_part(Attention& layer, const std::string& name) {
    const std::string full = layer.name().empty() ? name : layer.name() + "." + name;
    for (Parameter* parameter : layer.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            if (part.name == full) return parameter->part_value(part);
        }
    }
    return {};
}

Eigen::MatrixXd matrix_of(const Tensor& stored) {
    const std::vector<float> values = stored.to_vector();
    return Eigen::Map<const StoredMatrix>(values.data(), stored.shape()[0], stored.shape()[1]).cast<double>();
}

void copy_matrix(const Eigen::MatrixXd& matrix, Tensor stored) {
    const StoredMatrix values = matrix.cast<float>();
    stored.copy_from_host(values.data());
}

/// A stored weight is [out, in]; here it multiplies from the right.
Eigen::MatrixXd weight_of(Attention& layer, const std::string& name) {
    const Tensor stored = find_part(layer, name + ".weight");
    const int64_t dim = layer.geometry().dim;
    return stored.defined() ? Eigen::MatrixXd(matrix_of(stored).transpose()) : Eigen::MatrixXd::Identity(dim, dim);
}

Eigen::VectorXd bias_of(Attention& layer, const std::string& name) {
    const Tensor stored = find_part(layer, name + ".bias");
    if (!stored.defined()) return Eigen::VectorXd::Zero(layer.geometry().dim);
    const std::vector<float> values = stored.to_vector();
    return Eigen::Map<const Eigen::VectorXf>(values.data(), std::ssize(values)).cast<double>();
}

void copy_bias(const Eigen::VectorXd& bias, Attention& layer, const std::string& name) {
    Tensor stored = find_part(layer, name + ".bias");
    if (!stored.defined()) {
        if (bias.isZero(0.0)) return;
        throw UserError("expected attention.bias=true: the " + name +
                        " bias of the converted attention is not zero, and the layer has none");
    }
    const Eigen::VectorXf values = bias.cast<float>();
    stored.copy_from_host(values.data());
}

}  // namespace

AttentionForm attention_form(Attention& layer) {
    return {.projections = find_part(layer, "query.weight").defined() && find_part(layer, "output.weight").defined(),
            .key = find_part(layer, "key.weight").defined(),
            .value = find_part(layer, "value.weight").defined(),
            .alignment = find_part(layer, "alignment.weight").defined()};
}

bool has_biases(Attention& layer) {
    return find_part(layer, "output.bias").defined();
}

AttentionWeights AttentionWeights::of(Attention& layer) {
    AttentionWeights weights;
    weights.form = attention_form(layer);
    if (!weights.form.projections) throw Error("attention type '" + layer.type() + "' has no projections");
    weights.heads = layer.geometry().heads;
    weights.query = weight_of(layer, "query");
    weights.key = weight_of(layer, "key");
    weights.value = weight_of(layer, "value");
    weights.output = weight_of(layer, "output");
    weights.query_bias = bias_of(layer, "query");
    weights.key_bias = bias_of(layer, "key");
    weights.value_bias = bias_of(layer, "value");
    weights.output_bias = bias_of(layer, "output");
    if (weights.form.alignment) weights.alignment = matrix_of(find_part(layer, "alignment.weight"));
    return weights;
}

void AttentionWeights::copy_to(Attention& layer) const {
    const AttentionForm wanted = attention_form(layer);
    if (!wanted.projections || wanted.key != form.key || wanted.value != form.value ||
        wanted.alignment != form.alignment) {
        throw Error("the converted attention has not the matrices of the layer that it is for");
    }
    copy_matrix(query.transpose(), find_part(layer, "query.weight"));
    copy_matrix(output.transpose(), find_part(layer, "output.weight"));
    copy_bias(query_bias, layer, "query");
    copy_bias(output_bias, layer, "output");
    if (form.key) {
        copy_matrix(key.transpose(), find_part(layer, "key.weight"));
        copy_bias(key_bias, layer, "key");
    }
    if (form.value) {
        copy_matrix(value.transpose(), find_part(layer, "value.weight"));
        copy_bias(value_bias, layer, "value");
    }
    if (form.alignment) copy_matrix(alignment, find_part(layer, "alignment.weight"));
}

}  // namespace heed
