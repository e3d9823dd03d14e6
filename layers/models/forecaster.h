#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/attention/stack_attention.h"
#include "heed/core/settings/fields.h"
#include "heed/layers/decoder.h"

namespace heed {

/// What a data set of time series tells a model.
struct SeriesGeometry {
    int64_t features = 0;                     ///< numbers of a row: its columns and its calendar
    int64_t targets = 0;                      ///< columns that are forecast
    int64_t window = 0;                       ///< rows that the encoder reads
    int64_t label = 0;                        ///< rows of these that the decoder reads in front of the forecast
    int64_t horizon = 0;                      ///< rows that are forecast
    std::vector<int64_t> target_places = {};  ///< of the targets among the numbers of a row

    int64_t decoder_rows() const { return label + horizon; }
};

/// The attention of each place of a forecaster.
struct ForecasterAttention {
    StackAttention encoder, decoder, cross;
};

/// An encoder-decoder model that says all rows of a forecast at once (Zhou et al., Informer, AAAI 2021, section 3.3):
/// the decoder reads the end of the window and, for each row of the forecast, its calendar with zeros in the place of
/// its values. With linear_skip, a linear map from the window of each target to its forecast is added, one for all
/// targets (NLinear: Zeng et al., AAAI 2023).
class Forecaster : public Module {
public:
    /// What follows windows, [batch, horizon, targets]: source f32 [batch, window, features], decoder f32 [batch, label
    /// + horizon, features].
    virtual Variable forward(const Tensor& source, const Tensor& decoder, const ForwardState& state) = 0;

    virtual const SeriesGeometry& geometry() const = 0;
    virtual int64_t heads() const = 0;
    /// Multiply-adds of the matrix products of one forward pass over one window.
    virtual int64_t multiplies() const = 0;
};

/// Settings of the forecaster.
struct ForecasterOptions : Options {
    int64_t dim = 64;
    int64_t encoder_depth = 2;
    int64_t decoder_depth = 1;
    int64_t heads = 4;
    int64_t mlp_dim = 128;
    double dropout = 0.1;
    double embedding_dropout = 0.1;
    std::string norm = "pre";
    double norm_epsilon = LayerNorm::default_epsilon;
    std::string positions = "sinusoidal";
    std::string activation = "gelu";
    std::string decoder_pattern = "noncausal";
    bool linear_skip = false;
    std::string loss = "mse";
    double huber_delta = 1.0;
    bool checkpoint_activations = false;

    void describe(Fields& fields) override;
    void validate() const override;
};

/// Throws UserError when the heads do not divide the dimension or an attention type cannot do its place.
std::unique_ptr<Forecaster> make_forecaster(const ForecasterOptions& options, const ForecasterAttention& attention,
                                            const SeriesGeometry& series);

}  // namespace heed
