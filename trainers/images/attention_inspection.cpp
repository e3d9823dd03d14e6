#include "heed/trainers/images/attention_inspection.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "heed/attention/attention.h"
#include "heed/core/forward_observer.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/datasets/batches/batch_loader.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/inspection/attention_maps.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

namespace {

constexpr int64_t most_images = 32;           // behind the entropy
constexpr size_t most_right = 3;              // of the images shown, of different classes
constexpr size_t most_wrong = 3;              // of the images shown
constexpr int64_t most_weights = 2000000000;  // of all images together: about ten seconds
constexpr int64_t most_weights_at_once = 128000000;
constexpr int64_t largest_pattern = 96;
constexpr int64_t most_pattern_cells = 330000;  // of all heads together, so that the page stays small

/// Reduces what the model shows of one image, layer by layer.
class Reader final : public ForwardObserver {
public:
    explicit Reader(AttentionInspection& result) : result_(result) {}

    /// Before each image. `into` is null for one that is only measured.
    void begin(InspectedImage* into, bool with_patterns) {
        into_ = into;
        with_patterns_ = with_patterns;
        means_.clear();
    }
    void end() {
        if (into_ != nullptr) into_->rollout = attention_rollout(means_, result_.shape);
    }

    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace) const override { return true; }
    void attention(AttentionPlace, int64_t block, const Tensor& weights) override {
        const std::vector<float> values = weights.to_vector();
        const int64_t tokens = result_.shape.tokens(), heads = result_.shape.heads;
        const auto matrix = static_cast<size_t>(tokens * tokens);
        if (into_ != nullptr) means_.emplace_back(matrix, 0.0f);
        for (int64_t head = 0; head < heads; ++head) {
            const auto own = std::span(values).subspan(static_cast<size_t>(head) * matrix, matrix);
            const auto place = static_cast<size_t>(block * heads + head);
            result_.entropy[place] += attention_entropy(own, tokens) / static_cast<double>(result_.images);
            result_.density[place] += attention_density(own) / static_cast<double>(result_.images);
            if (with_patterns_) result_.patterns[place] = shrunk_matrix(own, tokens, result_.pattern_side);
            if (into_ == nullptr) continue;
            into_->maps[place] = patch_attention(own, result_.shape);
            std::vector<float>& mean = means_.back();
            for (size_t i = 0; i < matrix; ++i) mean[i] += own[i] / static_cast<float>(heads);
        }
    }

private:
    AttentionInspection& result_;
    InspectedImage* into_ = nullptr;
    bool with_patterns_ = false;
    std::vector<std::vector<float>> means_;  // over the heads, of each layer
};

/// The images to be shown: the first ones of some classes that are classified rightly, and the most certain mistakes.
std::vector<int64_t> chosen_images(const ImageData& data, const Evaluation& test, int64_t most) {
    const ImageSplit& split = data.test;
    std::set<int64_t> wrong, chosen;
    for (const Mistake& mistake : test.mistakes) wrong.insert(mistake.index);
    std::set<int32_t> classes;
    for (int64_t i = 0; i < split.size() && chosen.size() < most_right; ++i) {
        const int32_t label = split.source->label(split.indices[static_cast<size_t>(i)]);
        if (!wrong.contains(i) && classes.insert(label).second) chosen.insert(i);
    }
    for (size_t i = 0; i < std::min(most_wrong, test.mistakes.size()); ++i) chosen.insert(test.mistakes[i].index);
    std::vector<int64_t> images(chosen.begin(), chosen.end());
    images.resize(std::min(images.size(), static_cast<size_t>(most)));
    return images;
}

void add_others(std::vector<int64_t>& images, int64_t all, int64_t most) {
    const std::set<int64_t> chosen(images.begin(), images.end());
    for (int64_t i = 0; i < all && static_cast<int64_t>(images.size()) < most; ++i) {
        if (!chosen.contains(i)) images.push_back(i);
    }
}

}  // namespace

AttentionInspection inspect_attention(Context& context, ImageClassifier& model, const ImageData& data,
                                      const Evaluation& test) {
    AttentionInspection result;
    result.shape = model.shape();
    const int64_t tokens = result.shape.tokens(), heads = result.shape.heads * result.shape.depth;
    const double layer = static_cast<double>(result.shape.heads) * static_cast<double>(tokens * tokens);
    const double image = layer * static_cast<double>(result.shape.depth);
    if (heads == 0 || data.test.size() == 0) {
        result.left_out = heads == 0 ? "The model has no attention layers." : "There are no test images.";
        return result;
    }
    result.left_out = lacking_weights(model);
    if (!result.left_out.empty()) {
        result.left_out = "Attention maps are left out: " + result.left_out + ".";
        return result;
    }
    if (image > static_cast<double>(most_weights) || layer > static_cast<double>(most_weights_at_once)) {
        result.left_out = fmt::format("The weights of {} tokens in {} heads are too many to be shown.", tokens, heads);
        return result;
    }
    const int64_t most = std::min(most_images, static_cast<int64_t>(static_cast<double>(most_weights) / image));
    std::vector<int64_t> images = chosen_images(data, test, most);
    result.shown.resize(images.size());
    add_others(images, data.test.size(), most);
    result.images = static_cast<int64_t>(images.size());
    result.entropy.resize(static_cast<size_t>(heads));
    result.density.resize(static_cast<size_t>(heads));
    result.patterns.resize(static_cast<size_t>(heads));
    int64_t side = largest_pattern;
    while (side > 16 && heads * side * side > most_pattern_cells) side -= 8;
    result.pattern_side = shrunk_side(tokens, side);

    ImageSplit chosen{data.test.source, {}};
    for (const int64_t i : images) chosen.indices.push_back(data.test.indices[static_cast<size_t>(i)]);
    BatchPlan plan;
    plan.batch = 1;
    plan.end_epoch = 1;
    BatchLoader loader(chosen, data.normalisation, plan);
    NoGradient guard(context);
    Reader reader(result);
    ForwardState state;
    state.observer = &reader;
    for (size_t i = 0; const ImageBatch* batch = loader.next(); ++i) {
        stop_point();
        InspectedImage* shown = i < result.shown.size() ? &result.shown[i] : nullptr;
        if (shown != nullptr) shown->maps.resize(static_cast<size_t>(heads));
        reader.begin(shown, i == 0);
        const Variable logits = model.forward(images_on_device(context, *batch, data.shape()), state);
        reader.end();
        if (shown == nullptr) continue;
        const std::vector<float> shares = softmax(logits).value().to_vector();
        const auto best = std::max_element(shares.begin(), shares.end());
        shown->index = images[i];
        shown->label = batch->labels.front();
        shown->prediction = static_cast<int32_t>(best - shares.begin());
        shown->probability = static_cast<double>(*best);
    }
    return result;
}

}  // namespace heed
