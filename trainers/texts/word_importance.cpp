#include "heed/trainers/texts/word_importance.h"

#include <algorithm>
#include <span>

#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

namespace {

/// Texts that are like `ids`, in each of which unknown tokens stand in the place of those of one word; the first of
/// them is of word number `first`.
TokenMatrix occluded(std::span<const int32_t> ids, int64_t first, int64_t count, int64_t word, int32_t unknown) {
    const auto tokens = static_cast<int64_t>(ids.size());
    TokenMatrix texts;
    texts.rows = count;
    texts.columns = tokens;
    texts.lengths.assign(static_cast<size_t>(count), static_cast<int32_t>(tokens));
    for (int64_t row = 0; row < count; ++row) {
        texts.ids.insert(texts.ids.end(), ids.begin(), ids.end());
        const int64_t begin = (first + row) * word, end = std::min(begin + word, tokens);
        const auto text = texts.ids.begin() + row * tokens;
        std::fill(text + begin, text + end, unknown);
    }
    return texts;
}

std::string text_of(const Tokenizer& tokenizer, std::span<const int32_t> ids) {
    std::string text;
    for (const int32_t id : ids) text += (text.empty() ? "" : " ") + tokenizer.token(id);
    return text;
}

ImportantWords importance(TextTask& task, const Tokenizer& tokenizer, int64_t place) {
    const EncodedSplit& test = task.data().test;
    const std::span<const int32_t> ids = test.texts.ids(place);
    const auto tokens = static_cast<int64_t>(ids.size());
    const auto probabilities = [&](const TokenMatrix& texts) {
        return class_probabilities(task.classify(texts), task.several_labels());
    };
    const std::vector<float> whole =
        probabilities({{ids.begin(), ids.end()}, {static_cast<int32_t>(tokens)}, 1, tokens});
    const auto best = static_cast<size_t>(std::max_element(whole.begin(), whole.end()) - whole.begin());
    ImportantWords found;
    found.labels.assign(test.labels[place].begin(), test.labels[place].end());
    found.prediction = static_cast<int32_t>(best);
    found.probability = static_cast<double>(whole[best]);
    found.tokens_a_word = (tokens + most_important_words - 1) / most_important_words;
    const int64_t word = found.tokens_a_word, words = (tokens + word - 1) / word;
    const int64_t at_a_time = std::max<int64_t>(1, TextTask::tokens_at_a_time / tokens);
    for (int64_t first = 0; first < words; first += at_a_time) {
        stop_point();
        const int64_t count = std::min(at_a_time, words - first);
        const std::vector<float> without =
            probabilities(occluded(ids, first, count, word, tokenizer.special().anything()));
        for (int64_t row = 0; row < count; ++row) {
            const int64_t begin = (first + row) * word;
            const auto own =
                ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(std::min(word, tokens - begin)));
            const float rest = without[static_cast<size_t>(row) * whole.size() + best];
            found.words.push_back({text_of(tokenizer, own), found.probability - static_cast<double>(rest)});
        }
    }
    return found;
}

}  // namespace

std::vector<ImportantWords> important_words(TextTask& task, const Tokenizer& tokenizer, const Evaluation& test) {
    constexpr size_t of_each = 3;
    NoGradient guard(task.context());
    std::vector<int64_t> places, wrong;
    for (const Mistake& mistake : test.mistakes) wrong.push_back(mistake.index);
    for (const LabelMistake& mistake : test.label_mistakes) wrong.push_back(mistake.index);
    const auto is_mistake = [&](int64_t place) { return std::find(wrong.begin(), wrong.end(), place) != wrong.end(); };
    for (int64_t place = 0; place < task.data().test.size() && places.size() < of_each; ++place) {
        if (!is_mistake(place) && task.data().test.texts.length(place) > 0) places.push_back(place);
    }
    for (size_t i = 0; i < std::min(of_each, wrong.size()); ++i) {
        if (task.data().test.texts.length(wrong[i]) > 0) places.push_back(wrong[i]);
    }
    std::vector<ImportantWords> found;
    for (const int64_t place : places) found.push_back(importance(task, tokenizer, place));
    return found;
}

}  // namespace heed
