#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

const std::vector<TextDataSet>& text_data_sets() {
    static const std::vector<TextDataSet> sets = {imdb(), sst2(), ag_news(), text_files()};
    return sets;
}

void compare_with_published(TextData& data, const TextFacts& published, int64_t train_texts) {
    const auto compare = [&](const char* part, int64_t found, int64_t expected) {
        if (found == expected) return;
        data.remarks.push_back(
            fmt::format("{} {} texts of {} are published, these are {}", expected, part, data.name, found));
    };
    compare("training", train_texts, published.train_texts);
    compare("test", data.test.size(), published.test_texts);
}

const TextDataSet& text_data_set(std::string_view name) {
    std::vector<std::string> names;
    for (const TextDataSet& set : text_data_sets()) {
        if (set.name == name) return set;
        names.push_back(set.name);
    }
    throw UserError(
        fmt::format("data.name expects {}, got {}{}", listed(names, " or "), quote(name), did_you_mean(name, names)));
}

}  // namespace heed
