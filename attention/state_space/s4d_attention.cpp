#include "heed/attention/state_space/s4d_attention.h"

#include <cmath>
#include <string>

#include "heed/attention/state_space/state_space_scan.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/linear.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/elementwise/dropout.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

/// The states of each row, and the state spaces in discrete time, which are the same for all steps.
struct S4dCache final : AttentionCache {
    StateSpace space;
    Tensor states;  ///< [rows, modes, 2, dim]

    void reorder(std::span<const int32_t> rows) override {
        states =
            gather_rows(states, indices_on_device(states.context(), "rows", {std::ssize(rows)}, rows, 0, this->rows()));
    }
    int64_t rows() const { return states.shape()[0]; }
};

class S4dAttention final : public Attention {
public:
    S4dAttention(const AttentionGeometry& geometry, const S4dOptions& options)
        : Attention(geometry),
          modes_(options.state / 2),
          directions_(geometry.pattern == AttentionPattern::noncausal_self && options.bidirectional ? 2 : 1),
          dropout_(static_cast<float>(options.dropout)),
          frequencies_(options.frequencies == "linear" ? StateFrequencies::linear : StateFrequencies::inverse),
          step_({geometry.dim}, Initializer::uniform(std::log(10.0f)), false),
          decay_({modes_, geometry.dim}, Initializer::constant(0.0f), false),
          frequency_({modes_, geometry.dim}, Initializer::constant(0.0f), false),
          readout_({directions_, modes_, 2, geometry.dim}, Initializer::normal(std::sqrt(0.5f)), true),
          skip_({geometry.dim}, Initializer::normal(1.0f), false),
          output_(geometry.dim, geometry.dim, options.bias) {
        add("step", step_);
        add("decay", decay_);
        add("frequency", frequency_);
        add("readout", readout_);
        add("skip", skip_);
        add("output", output_);
    }

    Variable head_outputs(const AttentionInput& input, const ForwardState& state) override {
        const Variable read = state_space_scan(source_of(input), space(), skip_.variable(), input.mask.key_lengths);
        const Variable outputs = activation(read, Activation::gelu);
        if (!state.training || dropout_ == 0.0f) return outputs;
        return dropout(outputs, dropout_, random_stream(state, RandomPurpose::dropout));
    }

    Variable project_heads(const Variable& outputs) override { return output_.forward(outputs); }

    /// A token and mode: the product of two complex numbers and the real part of another one in each direction.
    int64_t multiplies(int64_t tokens, int64_t) const override {
        return tokens * geometry().dim * (directions_ * 6 * modes_ + 1 + geometry().dim);
    }
    double score_share(int64_t, int64_t) const override { return 0.0; }

protected:
    std::unique_ptr<AttentionCache> make_causal_cache(Context& context, const DecodingStart& start) override {
        auto cache = std::make_unique<S4dCache>();
        cache->space = space();
        cache->states = Tensor::zeros(context, {start.batch, modes_, 2, geometry().dim});
        return cache;
    }

    Tensor causal_step(const Tensor& x, AttentionCache& cache) override { return causal_extend(x, cache); }

    Tensor causal_extend(const Tensor& x, AttentionCache& cache) override {
        auto* own = dynamic_cast<S4dCache*>(&cache);
        if (own == nullptr) throw Error("an attention layer was given the cache of another type");
        if (x.shape()[0] != own->rows()) {
            throw Error("tokens of " + std::to_string(x.shape()[0]) + " rows were given to a cache of " +
                        std::to_string(own->rows()) + " rows");
        }
        const Tensor read = continue_state_space(x, own->space, skip_.variable(), own->states);
        return project_heads(activation(Variable(read), Activation::gelu)).value();
    }

private:
    StateSpace space() {
        return discretisation(step_.variable(), decay_.variable(), frequency_.variable(), readout_.variable(),
                              frequencies_);
    }

    int64_t modes_, directions_;
    float dropout_;
    StateFrequencies frequencies_;
    Parameter step_, decay_, frequency_, readout_, skip_;
    Linear output_;
};

}  // namespace

void S4dOptions::describe(Fields& fields) {
    fields.add("bias", bias, "add a bias to the output projection");
    fields.add("dropout", dropout, "probability that what a state space gives is dropped in training").range(0.0, 0.99);
    fields.add("state", state, "real numbers in the state of each channel, an even number: half as many complex modes")
        .range(2, 256);
    fields.add("frequencies", frequencies, "where the imaginary parts of A begin: S4D-Inv or S4D-Lin")
        .choices({"inverse", "linear"});
    fields.add(
        "bidirectional", bidirectional,
        "in noncausal self-attention, a second kernel for the tokens behind; without, a token uses no later one");
}

void S4dOptions::validate() const {
    if (state % 2 == 0) return;
    throw UserError("expected an even attention.state, whose complex modes come in pairs, got " +
                    std::to_string(state));
}

std::unique_ptr<Attention> make_s4d(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const S4dOptions*>(&options);
    if (!own) throw Error("s4d: expected the options of s4d");
    return std::make_unique<S4dAttention>(geometry, *own);
}

}  // namespace heed
