#include "heed/tests/attention/explanation/random_head.h"

#include <algorithm>
#include <cmath>

#include "heed/core/random/random.h"

namespace heed::test {

const char* row_kind_name(RowKind kind) {
    switch (kind) {
        case RowKind::flat:
            return "flat";
        case RowKind::sharp:
            return "sharp";
        case RowKind::very_sharp:
            return "very sharp";
        case RowKind::one_hot:
            return "one-hot";
        case RowKind::underflowed:
            return "underflowed";
        case RowKind::sparse:
            return "sparse";
    }
    return "";
}

RandomHead random_head(const HeadShape& shape, uint64_t seed) {
    RandomSequence random(random_key(seed, RandomPurpose::initialisation, "random head"));
    RandomHead head{shape.keys, shape.keys, shape.dim, {}, {}, {}};
    head.allowed = {.keys = shape.real_keys < 0 ? shape.keys : shape.real_keys, .causal = shape.causal};
    head.values.resize(static_cast<size_t>(shape.keys * shape.dim));
    for (double& value : head.values) value = random.normal();
    head.weights.resize(static_cast<size_t>(shape.keys * shape.keys));
    const double temperature = shape.kind == RowKind::sharp         ? 3
                               : shape.kind == RowKind::very_sharp  ? 10
                               : shape.kind == RowKind::underflowed ? 100
                                                                    : 1;
    for (int64_t query = 0; query < shape.keys; ++query) {
        const int64_t allowed = head.allowed.of(query);
        if (allowed == 0) continue;
        const auto certain = static_cast<int64_t>(random.below(static_cast<uint64_t>(allowed)));
        std::vector<float> row(static_cast<size_t>(allowed));
        for (float& score : row) score = static_cast<float>(temperature) * random.normal();
        const float greatest = *std::max_element(row.begin(), row.end());
        double sum = 0;
        for (int64_t key = 0; key < allowed; ++key) {
            float& weight = row[static_cast<size_t>(key)];
            weight = std::exp(weight - greatest);
            const bool zero = shape.kind == RowKind::one_hot || (shape.kind == RowKind::sparse && random.below(4) != 0);
            if (zero && key != certain) weight = 0;
            sum += weight;
        }
        for (int64_t key = 0; key < allowed; ++key) {
            head.weights[static_cast<size_t>(query * shape.keys + key)] = row[static_cast<size_t>(key)] / sum;
        }
    }
    return head;
}

}  // namespace heed::test
