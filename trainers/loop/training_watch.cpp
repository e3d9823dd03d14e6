#include "heed/trainers/loop/training_watch.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heed/core/forward_observer.h"
#include "heed/core/settings/number_text.h"
#include "heed/trainers/inspection/attention_maps.h"

namespace heed {

namespace {

constexpr int64_t most_watched_samples = 8;
constexpr int64_t most_watched_weights = 128000000;  // of a layer: half a gigabyte

int64_t watched_samples(int64_t weights) {
    return std::min(most_watched_samples, most_watched_weights / std::max<int64_t>(1, weights));
}

/// An encoder's layers have a number alone.
std::string layer_name(AttentionPlace place, int64_t block) {
    const std::string number = std::to_string(block);
    if (place == AttentionPlace::encoder) return number;
    return (place == AttentionPlace::decoder ? "decoder." : "cross.") + number;
}

/// Reduces the attention of each layer to a number or two: means over all passes.
class AttentionMeter final : public ForwardObserver {
public:
    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace) const override { return true; }
    void attention(AttentionPlace place, int64_t block, const Tensor& weights) override {
        add("attention_entropy." + layer_name(place, block),
            attention_entropy(weights.to_vector(), weights.shape()[-1]));
    }
    bool wants_covered_mass() const override { return true; }
    void covered_mass(AttentionPlace place, int64_t block, std::span<const double> heads) override {
        const double sum = std::accumulate(heads.begin(), heads.end(), 0.0);
        add("covered_mass." + layer_name(place, block), sum / static_cast<double>(heads.size()));
    }

    void add_to(std::vector<WatchedValue>& values) const {
        for (const Mean& mean : means_) values.push_back({mean.name, mean.sum / static_cast<double>(mean.count)});
    }

private:
    struct Mean {
        std::string name;
        double sum = 0.0;
        int64_t count = 0;
    };

    void add(const std::string& name, double value) {
        auto place = std::find_if(means_.begin(), means_.end(), [&](const Mean& mean) { return mean.name == name; });
        if (place == means_.end()) place = means_.insert(place, {name});
        place->sum += value;
        ++place->count;
    }

    std::vector<Mean> means_;  // in the order of the layers
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
    AttentionMeter meter;
    task_.observe(meter, samples_);
    meter.add_to(values);
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
