#include "heed/datasets/known_data_sets.h"

#include "heed/datasets/images/sets/registry.h"
#include "heed/datasets/series/sets/series_set.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/datasets/text/sets/plain_text_set.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

namespace {

DataSummary summary_of(const ImageData& data) {
    return {describe(data), to_string(data.shape()), data.class_names(), data.train.size(), data.test.size()};
}

DataSummary summary_of(const TextData& data) {
    return {describe(data), "", data.class_names(), data.train.size(), data.test.size()};
}

DataSummary summary_of(const ParallelData& data) {
    return {describe(data), "", {}, data.train.size(), data.test.size()};
}

DataSummary summary_of(const PlainTextData& data) {
    return {describe(data), "", {}, data.train.size(), data.test.size()};
}

DataSummary summary_of(const SeriesData& data) {
    return {describe(data), "", {}, data.train.size(), data.test.size()};
}

void without_validation(ImageDataOptions& options) {
    options.validation = 0;
}
void without_validation(TextDataOptions& options) {
    options.validation = 0;
}
void without_validation(ParallelDataOptions& options) {
    options.validation = "0";
}

void without_validation(PlainTextOptions& options) {
    options.validation = 0;
}

/// Its parts are where they are.
void without_validation(SeriesOptions&) {}

auto open_set(const PlainTextSet& set, const PlainTextOptions& options) {
    return set.open(options, TextBytes::any);
}
template <class Set, class SetOptions>
auto open_set(const Set& set, const SetOptions& options) {
    return set.open(options);
}

template <class Set>
void add_known(std::vector<KnownDataSet>& known, const std::vector<Set>& sets) {
    for (const Set& set : sets) {
        known.push_back({set.name, set.summary, set.how_to_get, set.search, [&set](const std::string& root) {
                             const auto options = set.make_options();
                             options->root = root;
                             without_validation(*options);
                             return summary_of(open_set(set, *options));
                         }});
    }
}

}  // namespace

const std::vector<KnownDataSet>& known_data_sets() {
    static const std::vector<KnownDataSet> all = [] {
        std::vector<KnownDataSet> known;
        add_known(known, image_data_sets());
        add_known(known, text_data_sets());
        add_known(known, parallel_data_sets());
        add_known(known, plain_text_sets());
        add_known(known, series_sets());
        return known;
    }();
    return all;
}

const KnownDataSet* find_known_data_set(std::string_view name) {
    for (const KnownDataSet& set : known_data_sets()) {
        if (set.name == name) return &set;
    }
    return nullptr;
}

}  // namespace heed
