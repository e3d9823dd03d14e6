#pragma once

#include "heed/attention/conversion/token_rows.h"

namespace heed {

/// What a linear map of features to targets with the least squared error needs, added up over batches: with
/// Phi = [features | 1] and targets Y, Phi' Phi and Phi' Y in double precision.
class OutputFit {
public:
    /// `bias`: whether the map has one, so that there is a column of ones.
    OutputFit(int64_t dim, bool bias);

    /// Features [rows, dim] and targets [rows, dim].
    void add(const TokenRows& features, const TokenRows& targets);

    /// (Phi' Phi + lambda 1)^-1 (Phi' Y + lambda W_0), [dim (+ 1), dim], the bias last: lambda is 1e-4 of the mean
    /// square of the features and does not draw the bias. `start` is W_0, as large as the result.
    Eigen::MatrixXd solve(const Eigen::MatrixXd& start) const;

    /// Share of the variance of the targets, summed over their columns, that a map gives: 1 - SSE / SST. 1 where they
    /// do not vary and are met.
    double r2(const Eigen::MatrixXd& map) const;

private:
    int64_t dim_;
    bool bias_;
    Eigen::MatrixXd squares_;   // Phi' Phi, with the column of ones whether there is a bias or not
    Eigen::MatrixXd products_;  // Phi' Y
    double target_squares_ = 0.0;
};

}  // namespace heed
