#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/core/device/precision.h"
#include "heed/core/settings/fields.h"
#include "heed/trainers/recipe/attention_settings.h"

namespace heed {

/// The settings of `heed bench attention` that are not those of an attention type.
struct AttentionBenchmarkOptions : Options {
    std::vector<std::string> types;     ///< empty: all
    std::vector<std::string> patterns;  ///< keys of them; empty: all
    std::vector<double> lengths = {256, 512, 1024, 2048, 4096, 8192};
    int64_t dim = 512, heads = 8, batch = 1;
    int64_t runs = 11;
    double budget = 20.0;  ///< seconds
    double memory = 0.0;   ///< GiB; 0: most of what is free
    std::string device = "cpu";
    std::string precision = "f32";
    int64_t threads = 0;

    void describe(Fields& fields) override;
    void validate() const override;

    Precision products() const;
    /// The patterns that are measured.
    std::vector<AttentionPattern> chosen_patterns() const;
    /// The lengths, rising.
    std::vector<int64_t> rising_lengths() const;
};

/// An attention type with the settings that a benchmark gives it.
struct BenchmarkedType {
    const AttentionType* type = nullptr;
    std::shared_ptr<Options> options;  ///< of the type
    /// What was set of them ("rounds=4").
    std::vector<std::string> given;

    AttentionChoice choice() const;
    /// All of them.
    AttentionSettings settings() const;
};

/// What a benchmark of attention types is to measure.
struct AttentionBenchmarkPlan {
    AttentionBenchmarkOptions options;
    std::vector<BenchmarkedType> types;
    std::vector<AttentionPattern> patterns;
    std::vector<int64_t> lengths;  ///< rising
};

/// The plan that settings ("dim=64", "attention.rounds=4") make. A setting of the section "attention" is given to all
/// types that have it. Throws UserError for settings that are unknown, or values that cannot be, with the nearest name.
AttentionBenchmarkPlan attention_benchmark_plan(const std::vector<std::string>& settings);

/// The lines of help on the settings.
std::string attention_benchmark_settings_help();

}  // namespace heed
