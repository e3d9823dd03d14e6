#include "heed/trainers/training_watch.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heed/core/forward_observer.h"
#include "heed/core/number_text.h"
#include "heed/trainers/attention_maps.h"

namespace heed {

namespace {

constexpr int64_t most_watched_samples = 8;
constexpr int64_t most_watched_weights = 128000000;  // of a layer: half a gigabyte

int64_t watched_samples(int64_t weights) {
    return std::min(most_watched_samples, most_watched_weights / std::max<int64_t>(1, weights));
}

/// Reduces the attention of each layer to a number or two.
class AttentionMeter final : public ForwardObserver {
public:
    explicit AttentionMeter(std::vector<WatchedValue>& values) : values_(values) {}

    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention() const override { return true; }
    void attention(int64_t block, const Tensor& weights) override {
        const double entropy = attention_entropy(weights.to_vector(), weights.shape()[-1]);
        values_.push_back({"attention_entropy." + std::to_string(block), entropy});
    }
    bool wants_covered_mass() const override { return true; }
    void covered_mass(int64_t block, std::span<const double> heads) override {
        const double sum = std::accumulate(heads.begin(), heads.end(), 0.0);
        values_.push_back({"covered_mass." + std::to_string(block), sum / static_cast<double>(heads.size())});
    }

private:
    std::vector<WatchedValue>& values_;
};

std::string watched_name(const ParameterGroup& group) {
    std::string name = group.decay ? "update_ratio.decay" : "update_ratio.no_decay";
    if (group.lr_scale != 1.0) name += ".lr_scale_" + format_double(group.lr_scale);
    return name;
}

}  // namespace

TrainingWatch::TrainingWatch(Task& task, const ParameterStore& store, int64_t attention_weights, int64_t every)
    : task_(task), store_(store), every_(every), samples_(watched_samples(attention_weights)) {}

void TrainingWatch::before_step(int64_t step) {
    if (!measures(step)) return;
    before_.clear();
    for (const ParameterGroup& group : store_.groups()) {
        before_.push_back(group.trainable ? group.values.to_vector() : std::vector<float>());
    }
}

std::vector<WatchedValue> TrainingWatch::after_step(int64_t step) {
    std::vector<WatchedValue> values;
    if (!measures(step)) return values;
    add_update_ratios(values);
    AttentionMeter meter(values);
    task_.observe(meter, samples_);
    return values;
}

void TrainingWatch::add_update_ratios(std::vector<WatchedValue>& values) const {
    double all_changes = 0.0, all_weights = 0.0;
    std::vector<WatchedValue> groups;
    for (size_t index = 0; index < before_.size(); ++index) {
        const std::vector<float>& before = before_[index];
        if (before.empty()) continue;
        const std::vector<float> after = store_.groups()[index].values.to_vector();
        double changes = 0.0, weights = 0.0;
        for (size_t i = 0; i < before.size(); ++i) {
            const double weight = before[i], change = static_cast<double>(after[i]) - weight;
            changes += change * change;
            weights += weight * weight;
        }
        groups.push_back({watched_name(store_.groups()[index]), std::sqrt(changes / weights)});
        all_changes += changes;
        all_weights += weights;
    }
    if (groups.empty()) return;
    values.push_back({"update_ratio", std::sqrt(all_changes / all_weights)});
    values.insert(values.end(), groups.begin(), groups.end());
}

}  // namespace heed
