#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "heed/trainers/decoding/step_model.h"

namespace heed::test {

/// What follows a sequence: log-probabilities of each token, from the number of the sentence and the tokens so far
/// (without begin).
using Table = std::function<std::vector<float>(int64_t sentence, const std::vector<int32_t>& written)>;

/// A model that looks everything up. It checks how it is called.
class TableModel final : public StepModel {
public:
    /// Row r of the first step is sentence first_sentence + r.
    TableModel(int64_t vocabulary, Table table, int64_t first_sentence = 0);

    int64_t vocabulary() const override { return vocabulary_; }
    std::span<const float> step(std::span<const int32_t> tokens) override;
    void reorder(std::span<const int64_t> rows) override;

    int64_t reorders() const { return reorders_; }
    /// Rows of each step.
    const std::vector<int64_t>& rows_of_steps() const { return rows_of_steps_; }

private:
    struct Row {
        int64_t sentence = 0;
        std::vector<int32_t> tokens;  // with begin
    };

    int64_t vocabulary_;
    Table table_;
    int64_t first_sentence_;
    std::vector<Row> rows_;
    std::vector<float> values_;
    std::vector<int64_t> rows_of_steps_;
    int64_t reorders_ = 0;
};

/// A table of random distributions, another one after each sequence. Sentences differ.
Table random_table(int64_t vocabulary, uint32_t seed);

/// log(p) of each.
std::vector<float> logarithms(std::vector<double> probabilities);

}  // namespace heed::test
