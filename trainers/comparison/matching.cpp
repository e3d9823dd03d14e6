#include "heed/trainers/comparison/matching.h"

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

int64_t model_measure(const Recipe& recipe, const ExpectedData& data, MatchedMeasure measure) {
    const TrainingKind& kind = data.facts->kind();
    const std::unique_ptr<Module> model = kind.make_model(recipe, *data.facts);
    return measure == MatchedMeasure::parameters ? model->parameter_count()
                                                 : kind.sample_cost(recipe, *model, data).multiplies;
}

int64_t nearest_size(const std::function<int64_t(int64_t)>& measure_of, int64_t target) {
    constexpr int64_t most = 1 << 20;
    int64_t high = 1;
    while (high < most && measure_of(high) < target) high *= 2;
    int64_t low = high / 2;  // below the target, or none
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        (measure_of(middle) < target ? low : high) = middle;
    }
    if (low < 1) return high;
    return target - measure_of(low) <= measure_of(high) - target ? low : high;
}

}  // namespace heed
