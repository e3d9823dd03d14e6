#include "heed/attention/conversion/fit_layer.h"

#include <string>
#include <utility>
#include <vector>

#include "heed/attention/conversion/alignment_fit.h"
#include "heed/attention/conversion/best_assignment.h"
#include "heed/attention/conversion/convert_weights.h"
#include "heed/attention/conversion/key_fit.h"
#include "heed/attention/conversion/output_fit.h"
#include "heed/attention/conversion/own_weights.h"
#include "heed/attention/conversion/token_rows.h"
#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"

namespace heed {

namespace {

std::string rotary_text(double base) {
    return base > 0.0 ? "rotary positions of base " + format_double(base) : "no rotary positions";
}

/// Whether a batch is kept out of the fits.
bool is_held_out(size_t batch, size_t batches) {
    constexpr size_t every = 4;
    return batches >= every && batch % every == every - 1;
}

bool is_measured(size_t batch, size_t batches) {
    return batches < 4 || is_held_out(batch, batches);
}

/// A way to carry the heads over, and how much of the keys it keeps.
struct Candidate {
    HeadPlan plan;
    std::optional<double> key_r2;
};

/// What was fitted of a candidate.
struct Fitted {
    AttentionWeights weights;
    double r2 = 0.0;
};

class LayerFitting {
public:
    LayerFitting(Attention& old, Attention& now, const LayerInputs& inputs)
        : old_(old),
          now_(now),
          inputs_(inputs),
          source_(AttentionWeights::of(old)),
          form_(attention_form(now)),
          keys_(form_.alignment ? now.geometry().max_keys() : 0) {}

    /// `same_heads`: the heads compute the same where their weights do.
    LayerFit run(bool same_heads) {
        const ConvertedWeights plain = convert_weights(source_, form_, keys_);
        plain.weights.copy_to(now_);
        const bool exact = plain.exact && same_heads;
        if (exact || inputs_.empty()) {
            LayerFit fit;
            fit.exact = exact;
            fit.output_r2 = output_r2(old_, now_, inputs_);
            return fit;
        }
        for (const AttentionInput& input : inputs_) targets_.push_back(layer_rows(old_, input));
        bias_ = has_biases(now_);
        std::optional<Fitted> best;
        Candidate chosen;
        for (Candidate& candidate : candidates()) {
            Fitted fitted = fit_output(convert_weights(source_, form_, keys_, candidate.plan).weights);
            if (best && fitted.r2 <= best->r2) continue;
            best = std::move(fitted);
            chosen = std::move(candidate);
        }
        if (form_.alignment) best = fit_alignment_in_turn(std::move(*best));
        best->weights.copy_to(now_);
        LayerFit fit;
        fit.key_r2 = chosen.key_r2;
        fit.output_r2 = best->r2;
        fit.moved_heads = moves_heads(chosen.plan);
        return fit;
    }

private:
    /// Whether a head has another slice than that of its number.
    bool moves_heads(const HeadPlan& plan) const {
        for (int64_t head = 0; head < source_.heads; ++head) {
            if (plan.slice_of(head) != head) return true;
        }
        return false;
    }

    bool folds_key() const { return source_.form.key && !form_.key; }
    bool folds_value() const { return source_.form.value && !form_.value; }

    /// The columns of a projection that belong to a head.
    Eigen::MatrixXd columns(const Eigen::MatrixXd& projection, int64_t head) const {
        return projection.middleCols(head * source_.head_dim(), source_.head_dim());
    }

    std::vector<Candidate> candidates() {
        std::vector<Candidate> all(1);  // the blocks as they lie
        if (!folds_key() && !folds_value()) return all;
        const KeyCovariances plain = plain_covariance(inputs_);
        std::vector<KeyCovariances> kinds = {plain};
        if (folds_key() && old_.has_weights()) kinds.push_back(attended_covariances(old_, inputs_));
        for (const KeyCovariances& covariances : kinds) {
            const auto covariance = [&](int64_t head) -> const Eigen::MatrixXd& {
                return covariances.size() == 1 ? covariances[0] : covariances[static_cast<size_t>(head)];
            };
            std::vector<HeadPlan> plans;
            if (folds_key()) plans.emplace_back();  // else it is the first candidate
            const HeadPlan moved{best_slices(plain[0], covariance), {}};
            if (moves_heads(moved)) plans.push_back(moved);
            for (const HeadPlan& plan : plans) {
                Candidate candidate{plan, std::nullopt};
                if (folds_key()) fit_keys(candidate, covariance);
                all.push_back(std::move(candidate));
            }
        }
        return all;
    }

    /// Which slice suits which head: the sum of the R2 of its values and its keys is the greatest.
    template <class Covariance>
    std::vector<int64_t> best_slices(const Eigen::MatrixXd& plain, const Covariance& covariance) const {
        Eigen::MatrixXd gains = Eigen::MatrixXd::Zero(source_.heads, source_.heads);
        for (int64_t head = 0; head < source_.heads; ++head) {
            for (int64_t slice = 0; slice < source_.heads; ++slice) {
                if (folds_value()) gains(head, slice) += fit_slice(columns(source_.value, head), plain, slice).r2();
                if (folds_key()) {
                    gains(head, slice) += fit_slice(columns(source_.key, head), covariance(head), slice).r2();
                }
            }
        }
        return best_assignment(gains);
    }

    template <class Covariance>
    void fit_keys(Candidate& candidate, const Covariance& covariance) const {
        double explained = 0.0, variance = 0.0;
        for (int64_t head = 0; head < source_.heads; ++head) {
            SliceFit fit = fit_slice(columns(source_.key, head), covariance(head), candidate.plan.slice_of(head));
            explained += fit.explained;
            variance += fit.variance;
            candidate.plan.key_maps.push_back(std::move(fit.map));
        }
        candidate.key_r2 = variance > 0.0 ? explained / variance : 1.0;
    }

    /// The weights with the output kernel (and bias) of the least squared error.
    Fitted fit_output(AttentionWeights weights) {
        const int64_t dim = weights.dim();
        Eigen::MatrixXd start(bias_ ? dim + 1 : dim, dim);
        start.topRows(dim) = weights.output;
        if (bias_) start.row(dim) = weights.output_bias.transpose();
        AttentionWeights heads = weights;
        heads.output.setIdentity();
        heads.output_bias.setZero();
        heads.copy_to(now_);
        OutputFit fit(dim, bias_), measured(dim, bias_);
        for (size_t batch = 0; batch < inputs_.size(); ++batch) {
            const TokenRows features = layer_rows(now_, inputs_[batch]);
            if (!is_held_out(batch, inputs_.size())) fit.add(features, targets_[batch]);
            if (is_measured(batch, inputs_.size())) measured.add(features, targets_[batch]);
        }
        Eigen::MatrixXd map = fit.solve(start);
        if (measured.r2(map) < measured.r2(start)) map = start;
        weights.output = map.topRows(dim);
        if (bias_) weights.output_bias = map.row(dim).transpose();
        return {std::move(weights), measured.r2(map)};
    }

    Fitted fit_alignment_in_turn(Fitted best) {
        constexpr int64_t turns = 3, iterations = 12;
        LayerInputs fitted_inputs;
        std::vector<TokenRows> fitted_targets;
        for (size_t batch = 0; batch < inputs_.size(); ++batch) {
            if (is_held_out(batch, inputs_.size())) continue;
            fitted_inputs.push_back(inputs_[batch]);
            fitted_targets.push_back(targets_[batch]);
        }
        for (int64_t turn = 0; turn < turns; ++turn) {
            best.weights.copy_to(now_);
            if (!fit_alignment(now_, fitted_inputs, fitted_targets, iterations)) break;
            Fitted next = fit_output(AttentionWeights::of(now_));
            if (next.r2 <= best.r2) break;
            best = std::move(next);
        }
        return best;
    }

    Attention& old_;
    Attention& now_;
    const LayerInputs& inputs_;
    AttentionWeights source_;
    AttentionForm form_;
    int64_t keys_;
    bool bias_ = true;
    std::vector<TokenRows> targets_;  // what the old layer gives
};

/// Rotary positions turn queries and keys behind their projections, so that no key projection goes over to the queries.
void refuse_folded_rotary_keys(Attention& old, Attention& now) {
    const double before = old.geometry().rotary_base, after = now.geometry().rotary_base;
    if (before != after) {
        throw UserError("the attention alone can be swapped, but " + now.name() + " had " + rotary_text(before) +
                        " and has " + rotary_text(after) + " (model.positions, model.rotary_base)");
    }
    if (before == 0.0 || !attention_form(old).key || attention_form(now).key) return;
    throw UserError("attention type '" + now.type() +
                    "' has no key projection, and with model.positions=rotary that of '" + old.type() + "' (" +
                    now.name() +
                    ") cannot go over to its queries: expected a type with a key projection, as sdpa, optimised, smyrf "
                    "and local have");
}

}  // namespace

LayerFit fit_layer(Attention& old, Attention& now, const LayerInputs& inputs) {
    refuse_folded_rotary_keys(old, now);
    const bool same_type = old.type() == now.type();
    const std::vector<std::string> fresh = copy_own_weights(old, now);
    const bool same_heads = fresh.empty() && (same_type || (old.capabilities().softmax && now.capabilities().softmax));
    LayerFit fit;
    if (attention_form(old).projections && attention_form(now).projections) {
        fit = LayerFitting(old, now, inputs).run(same_heads);
    } else {
        fit.kept = same_type;
        fit.exact = same_type && same_heads;
        fit.output_r2 = output_r2(old, now, inputs);
    }
    fit.fresh = fresh;
    return fit;
}

std::optional<double> output_r2(Attention& old, Attention& now, const LayerInputs& inputs) {
    if (inputs.empty()) return std::nullopt;
    const int64_t dim = now.geometry().dim;
    OutputFit measured(dim, true);
    for (size_t batch = 0; batch < inputs.size(); ++batch) {
        if (!is_measured(batch, inputs.size())) continue;
        measured.add(layer_rows(now, inputs[batch]), layer_rows(old, inputs[batch]));
    }
    return measured.r2(Eigen::MatrixXd::Identity(dim, dim));
}

}  // namespace heed
