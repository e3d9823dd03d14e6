#include "heed/tests/trainers/decoding/table_model.h"

#include <cmath>
#include <random>
#include <stdexcept>

namespace heed::test {

TableModel::TableModel(int64_t vocabulary, Table table, int64_t first_sentence)
    : vocabulary_(vocabulary), table_(std::move(table)), first_sentence_(first_sentence) {}

std::span<const float> TableModel::step(std::span<const int32_t> tokens) {
    if (rows_of_steps_.empty()) {
        for (size_t r = 0; r < tokens.size(); ++r) rows_.push_back({first_sentence_ + static_cast<int64_t>(r), {}});
    }
    if (tokens.size() != rows_.size()) throw std::runtime_error("a step has other rows than the model");
    rows_of_steps_.push_back(static_cast<int64_t>(tokens.size()));
    values_.clear();
    for (size_t r = 0; r < tokens.size(); ++r) {
        Row& row = rows_[r];
        row.tokens.push_back(tokens[r]);
        const auto next = table_(row.sentence, {row.tokens.begin() + 1, row.tokens.end()});
        values_.insert(values_.end(), next.begin(), next.end());
    }
    return values_;
}

void TableModel::reorder(std::span<const int64_t> rows) {
    ++reorders_;
    std::vector<Row> next;
    for (const int64_t row : rows) next.push_back(rows_.at(row));
    rows_ = std::move(next);
}

Table random_table(int64_t vocabulary, uint32_t seed) {
    return [=](int64_t sentence, const std::vector<int32_t>& written) {
        std::vector<uint32_t> key = {seed, static_cast<uint32_t>(sentence)};
        key.insert(key.end(), written.begin(), written.end());
        std::seed_seq sequence(key.begin(), key.end());
        std::mt19937 generator(sequence);
        std::vector<double> weights;
        double sum = 0.0;
        for (int64_t token = 0; token < vocabulary; ++token) {
            weights.push_back(std::exp(4.0 * generator() / 4294967296.0));
            sum += weights.back();
        }
        for (double& weight : weights) weight /= sum;
        return logarithms(weights);
    };
}

std::vector<float> logarithms(std::vector<double> probabilities) {
    std::vector<float> values;
    for (const double p : probabilities) values.push_back(static_cast<float>(std::log(p)));
    return values;
}

}  // namespace heed::test
