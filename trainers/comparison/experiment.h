#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/core/settings/fields.h"
#include "heed/trainers/comparison/claims.h"

namespace heed {

/// How large an experiment is made.
struct ExperimentSize : Options {
    int64_t seeds = 5;
    std::vector<std::string> settings;  ///< "train.epochs=3"

    void describe(Fields& fields) override;
};

/// A comparison as a file describes it: a published experiment with what was claimed of it.
struct Experiment : Options {
    std::string recipe;                  ///< file; relative to that of the experiment
    std::vector<std::string> attention;  ///< types
    std::string metric;                  ///< empty: that of the kind
    double margin = 1.0;                 ///< in the unit of the metric
    std::vector<std::string> grid;       ///< "optimizer.lr=1e-3,2e-3"
    ExperimentSize quick, full;
    std::vector<Claim> claims;

    /// The keys at the top of the file.
    void describe(Fields& fields) override;
};

/// Reads an experiment. Throws UserError with file, line and key.
Experiment read_experiment(const std::string& file);

/// Reads the claims alone of such a file, which need hold nothing else. `names` are those that claims can be about;
/// empty: any.
std::vector<Claim> read_claims(const std::string& file, const std::vector<std::string>& names = {});

}  // namespace heed
