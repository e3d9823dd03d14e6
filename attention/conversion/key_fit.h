#pragma once

#include <vector>

#include "heed/attention/conversion/attention_weights.h"
#include "heed/attention/conversion/layer_inputs.h"
#include "heed/attention/conversion/token_rows.h"

namespace heed {

/// How the tokens that keys come from vary: one covariance [dim, dim] for all heads, or one for each.
using KeyCovariances = std::vector<Eigen::MatrixXd>;

/// The covariance of the real keys' tokens around the mean of their sequence, one for all heads.
KeyCovariances plain_covariance(const LayerInputs& inputs);

/// For each head the mean over the queries of the covariance of the tokens under the weights that `layer` gives them,
/// which tells of the keys that are looked at.
KeyCovariances attended_covariances(Attention& layer, const LayerInputs& inputs);

/// A linear map from one slice of the tokens to keys or values of a head, with the least squared error, and the share
/// of their variance that it gives.
struct SliceFit {
    Eigen::MatrixXd map;  ///< N [head dim, head dim]: keys are about N x_j
    double explained = 0.0, variance = 0.0;

    double r2() const { return variance > 0.0 ? explained / variance : 1.0; }
};

/// That of the columns W [dim, head dim] of a head's projection and slice number `slice`: N = W' Gamma E_j
/// (E_j' Gamma E_j + lambda 1)^-1, lambda being 1e-4 of the mean variance in the slice.
SliceFit fit_slice(const Eigen::MatrixXd& projection, const Eigen::MatrixXd& covariance, int64_t slice);

}  // namespace heed
