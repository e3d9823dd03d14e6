#include "heed/trainers/texts/word_importance.h"

#include <algorithm>

#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

namespace {

constexpr int64_t most_words = 200;

/// A text as it is, then once for each of its tokens without that.
TokenMatrix occluded(std::span<const int32_t> ids, int32_t unknown) {
    const size_t tokens = ids.size();
    TokenMatrix texts;
    texts.rows = static_cast<int64_t>(tokens) + 1;
    texts.columns = static_cast<int64_t>(tokens);
    texts.lengths.assign(tokens + 1, static_cast<int32_t>(tokens));
    for (size_t row = 0; row <= tokens; ++row) texts.ids.insert(texts.ids.end(), ids.begin(), ids.end());
    for (size_t token = 0; token < tokens; ++token) texts.ids[(token + 1) * tokens + token] = unknown;
    return texts;
}

ImportantWords importance(TextTask& task, const Tokenizer& tokenizer, int64_t place) {
    const EncodedSplit& test = task.data().test;
    const std::span<const int32_t> all = test.texts.ids(place);
    const auto ids = all.first(std::min(all.size(), static_cast<size_t>(most_words)));
    const std::vector<float> probabilities =
        class_probabilities(task.classify(occluded(ids, tokenizer.special().unknown)), task.several_labels());
    const auto classes = static_cast<size_t>(task.data().classes);
    const auto whole = std::span(probabilities).first(classes);
    const auto best = static_cast<size_t>(std::max_element(whole.begin(), whole.end()) - whole.begin());
    ImportantWords found;
    found.labels.assign(test.labels[place].begin(), test.labels[place].end());
    found.prediction = static_cast<int32_t>(best);
    found.probability = static_cast<double>(whole[best]);
    for (size_t token = 0; token < ids.size(); ++token) {
        const double without = static_cast<double>(probabilities[(token + 1) * classes + best]);
        found.words.push_back({tokenizer.token(ids[token]), found.probability - without});
    }
    return found;
}

}  // namespace

std::vector<ImportantWords> important_words(TextTask& task, const Tokenizer& tokenizer, const TextSplit& test,
                                            const Evaluation& result) {
    constexpr size_t of_each = 3;
    NoGradient guard(task.context());
    std::vector<int64_t> places, wrong;
    for (const Mistake& mistake : result.mistakes) wrong.push_back(mistake.index);
    for (const LabelMistake& mistake : result.label_mistakes) wrong.push_back(mistake.index);
    const auto is_mistake = [&](int64_t place) { return std::find(wrong.begin(), wrong.end(), place) != wrong.end(); };
    for (int64_t place = 0; place < test.size() && places.size() < of_each; ++place) {
        if (!is_mistake(place) && task.data().test.texts.length(place) > 0) places.push_back(place);
    }
    for (size_t i = 0; i < std::min(of_each, wrong.size()); ++i) {
        if (task.data().test.texts.length(wrong[i]) > 0) places.push_back(wrong[i]);
    }
    std::vector<ImportantWords> found;
    for (const int64_t place : places) {
        stop_point();
        found.push_back(importance(task, tokenizer, place));
    }
    return found;
}

}  // namespace heed
