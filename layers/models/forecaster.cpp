#include "heed/layers/models/forecaster.h"

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/linear.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/linear.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/ops/shapes/permute_heads.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/core/ops/tokens/last_tokens.h"
#include "heed/core/ops/tokens/tokens.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/encoder.h"
#include "heed/layers/positions.h"

namespace heed {

void ForecasterOptions::describe(Fields& fields) {
    fields.add("dim", dim, "width of the tokens").range(1, 65536).unit("features");
    fields.add("encoder_depth", encoder_depth, "number of encoder blocks").range(0, 1000).unit("blocks");
    fields.add("decoder_depth", decoder_depth, "number of decoder blocks").range(1, 1000).unit("blocks");
    fields.add("heads", heads, "attention heads; divides dim").range(1, 1024).unit("heads");
    fields.add("mlp_dim", mlp_dim, "width of the hidden layer of each block").range(1, 262144).unit("features");
    fields.add("dropout", dropout, "probability of dropout on each residual branch").range(0.0, 0.99);
    fields.add("embedding_dropout", embedding_dropout, "probability of dropout after the positions").range(0.0, 0.99);
    describe_norm(fields, norm, norm_epsilon);
    fields.add("positions", positions, "what tells a row's position in the window")
        .choices({"sinusoidal", "learned", "none"});
    fields.add("activation", activation, "function between the two layers of each MLP")
        .choices({"gelu", "gelu_tanh", "relu", "silu"});
    fields
        .add("decoder_pattern", decoder_pattern,
             "self-attention of the decoder: to all rows that it reads, or to none behind (causal, as Informer has it)")
        .choices({"noncausal", "causal"});
    fields.add("linear_skip", linear_skip,
               "add a linear map from the window of a target to its forecast, one for all targets; with normalise last "
               "it is NLinear beside the transformer");
    fields
        .add(
            "loss", loss,
            "error that is trained on: squared (mse), absolute (mae), or squared up to huber_delta and absolute beyond "
            "(huber); evaluations are by mse")
        .choices({"mse", "mae", "huber"});
    fields
        .add("huber_delta", huber_delta,
             "where an error begins to count by its size, in what windows are normalised by")
        .range(1e-4, 1e4)
        .only_with("loss", {"huber"});
    describe_checkpointing(fields, checkpoint_activations);
}

void ForecasterOptions::validate() const {
    check_heads_divide(heads, dim);
}

namespace {

EncoderSettings forecaster_encoder(const ForecasterOptions& options, const SeriesGeometry& series) {
    EncoderSettings settings;
    take_block_options(settings, options);
    settings.depth = options.encoder_depth;
    settings.max_tokens = series.window;
    return settings;
}

DecoderSettings forecaster_decoder(const ForecasterOptions& options, const SeriesGeometry& series) {
    DecoderSettings settings;
    take_block_options(settings, options);
    settings.depth = options.decoder_depth;
    settings.max_tokens = series.decoder_rows();
    settings.max_source_tokens = series.window;
    // All rows are there at once, so that queries may know of each other.
    settings.cross = AttentionPattern::noncausal_cross;
    if (options.decoder_pattern == "noncausal") settings.self = AttentionPattern::noncausal_self;
    return settings;
}

/// Rows of numbers to tokens: a linear layer, positions, dropout.
class SeriesInput final : public Module {
public:
    SeriesInput(const ForecasterOptions& options, int64_t features, int64_t rows)
        : rows_(rows), features_(features), embedding_(features, options.dim), dropout_(options.embedding_dropout) {
        add("embedding", embedding_);
        if (options.positions != "none") {
            positions_ = std::make_unique<Positions>(rows, options.dim, options.positions);
            add("positions", *positions_);
        }
        add("dropout", dropout_);
    }

    Variable forward(const Tensor& rows, const ForwardState& state) {
        check_rank("forecaster", "rows", rows.shape(), 3);
        check_shape("forecaster", "rows", rows.shape(), {rows.shape()[0], rows_, features_});
        Variable x = embedding_.forward(Variable(rows));
        if (positions_) x = assemble_tokens(x, Variable(), positions_->forward(rows.context()));
        return dropout_.forward(x, state);
    }

private:
    int64_t rows_, features_;
    Linear embedding_;
    std::unique_ptr<Positions> positions_;
    Dropout dropout_;
};

/// The output layer. It starts at zero, so that an untrained model says what windows are normalised by: a naive
/// forecast.
class SeriesHead final : public Module {
public:
    SeriesHead(int64_t dim, int64_t targets)
        : weight_({targets, dim}, Initializer::constant(0.0F), true),
          bias_({targets}, Initializer::constant(0.0F), false) {
        add("weight", weight_);
        add("bias", bias_);
    }

    Variable forward(const Variable& x) { return linear(x, weight_.variable(), bias_.variable()); }

private:
    Parameter weight_, bias_;
};

/// A linear map from the rows of a column to those of its forecast, the same for all targets. It starts at zero, as the
/// head does.
class LinearSkip final : public Module {
public:
    explicit LinearSkip(const SeriesGeometry& series)
        : geometry_(series),
          weight_({series.horizon, series.window}, Initializer::constant(0.0F), true),
          bias_({series.horizon}, Initializer::constant(0.0F), false) {
        add("weight", weight_);
        add("bias", bias_);
    }

    /// source [batch, window, features] -> [batch, horizon, targets]
    Variable forward(const Tensor& source) {
        const int64_t batch = source.shape()[0], rows = batch * geometry_.window, targets = geometry_.targets;
        const Tensor columns = Tensor::empty(source.context(), {targets * batch, geometry_.window});
        for (int64_t i = 0; i < targets; ++i) {
            const int64_t place = geometry_.target_places[static_cast<size_t>(i)];
            copy_rows({source, place, geometry_.features}, {columns, i * rows, 1}, rows, 1);
        }
        const Variable forecasts = linear(Variable(columns), weight_.variable(), bias_.variable());
        const Variable by_row = permute_heads(reshape(forecasts, {1, targets, batch * geometry_.horizon, 1}));
        return reshape(by_row, {batch, geometry_.horizon, targets});
    }

private:
    SeriesGeometry geometry_;
    Parameter weight_, bias_;
};

class TransformerForecaster final : public Forecaster {
public:
    TransformerForecaster(const ForecasterOptions& options, const ForecasterAttention& attention,
                          const SeriesGeometry& series)
        : geometry_(series),
          dim_(options.dim),
          heads_(options.heads),
          source_(options, series.features, series.window),
          encoder_(forecaster_encoder(options, series), attention.encoder),
          input_(options, series.features, series.decoder_rows()),
          decoder_(forecaster_decoder(options, series), attention.decoder, attention.cross),
          head_(options.dim, series.targets) {
        add("source", source_);
        add("encoder", encoder_);
        add("input", input_);
        add("decoder", decoder_);
        add("head", head_);
        if (!options.linear_skip) return;
        skip_ = std::make_unique<LinearSkip>(series);
        add("skip", *skip_);
    }

    Variable forward(const Tensor& source, const Tensor& decoder, const ForwardState& state) override {
        const Variable encoded = encoder_.forward(source_.forward(source, state), {}, state);
        DecoderInput input;
        input.source = encoded;
        const Variable rows = decoder_.forward(input_.forward(decoder, state), input, state);
        const Variable forecast = head_.forward(last_tokens(rows, geometry_.horizon));
        return skip_ ? heed::add(forecast, skip_->forward(source)) : forecast;
    }

    const SeriesGeometry& geometry() const override { return geometry_; }
    int64_t heads() const override { return heads_; }

    int64_t multiplies() const override {
        const int64_t rows = geometry_.window + geometry_.decoder_rows();
        return encoder_.multiplies(geometry_.window) + decoder_.multiplies(geometry_.decoder_rows(), geometry_.window) +
               rows * geometry_.features * dim_ + geometry_.horizon * dim_ * geometry_.targets +
               (skip_ ? geometry_.targets * geometry_.horizon * geometry_.window : 0);
    }

private:
    SeriesGeometry geometry_;
    int64_t dim_, heads_;
    SeriesInput source_;
    Encoder encoder_;
    SeriesInput input_;
    Decoder decoder_;
    SeriesHead head_;
    std::unique_ptr<LinearSkip> skip_;
};

}  // namespace

std::unique_ptr<Forecaster> make_forecaster(const ForecasterOptions& options, const ForecasterAttention& attention,
                                            const SeriesGeometry& series) {
    options.validate();
    return std::make_unique<TransformerForecaster>(options, attention, series);
}

}  // namespace heed
