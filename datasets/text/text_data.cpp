#include "heed/datasets/text/text_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/content_split.h"
#include "heed/datasets/text/text_key.h"
#include "heed/datasets/text/text_overlap.h"

namespace heed {

namespace {

TextSplit whole_source(std::shared_ptr<const TextSource> source) {
    TextSplit split{std::move(source), {}};
    split.indices.resize(static_cast<std::size_t>(split.source->size()));
    std::iota(split.indices.begin(), split.indices.end(), int64_t{0});
    return split;
}

std::vector<uint64_t> hashes_at(std::span<const uint64_t> hashes, std::span<const int64_t> indices) {
    std::vector<uint64_t> result;
    result.reserve(indices.size());
    for (const int64_t index : indices) result.push_back(hashes[static_cast<std::size_t>(index)]);
    return result;
}

/// Of a text together with its labels.
uint64_t sample_hash(const TextSource& source, int64_t index, uint64_t text) {
    const std::span<const int32_t> labels = source.labels(index);
    std::string bytes(reinterpret_cast<const char*>(&text), sizeof text);
    bytes.append(reinterpret_cast<const char*>(labels.data()), labels.size_bytes());
    return content_hash(bytes);
}

/// How many training texts equal an earlier one, and how many of these have other labels than it.
std::string repeats_remark(const TextSplit& train, std::span<const uint64_t> texts) {
    const int64_t repeats = count_repeats(texts);
    if (repeats == 0) return "";
    std::vector<uint64_t> samples;
    for (int64_t place = 0; place < train.size(); ++place) {
        const auto i = static_cast<std::size_t>(place);
        samples.push_back(sample_hash(*train.source, train.indices[i], texts[i]));
    }
    const int64_t others = repeats - count_repeats(samples);
    return fmt::format("{} of the {} training texts {} an earlier one{}", repeats, train.size(),
                       repeats == 1 ? "equals" : "equal",
                       others == 0 ? "" : fmt::format(", {} of them with another label", others));
}

void limit_texts(TextSplit& train, std::span<const uint64_t> hashes, const TextDataOptions& options) {
    if (options.limit == 0) return;
    std::vector<uint64_t> samples;
    for (const int64_t index : train.indices) {
        samples.push_back(sample_hash(*train.source, index, hashes[static_cast<std::size_t>(index)]));
    }
    std::vector<int64_t> kept;
    for (const int64_t place : content_subset(samples, static_cast<uint64_t>(options.split_seed), options.limit)) {
        kept.push_back(train.indices[static_cast<std::size_t>(place)]);
    }
    train.indices = std::move(kept);
}

}  // namespace

std::vector<uint64_t> text_hashes(const TextSource& source) {
    std::vector<uint64_t> hashes;
    hashes.reserve(static_cast<std::size_t>(source.size()));
    for (int64_t i = 0; i < source.size(); ++i) hashes.push_back(text_hash(source.text(i)));
    return hashes;
}

std::vector<std::string_view> TextSplit::texts() const {
    std::vector<std::string_view> result;
    result.reserve(indices.size());
    for (const int64_t index : indices) result.emplace_back(source->text(index));
    return result;
}

TextData make_text_data(std::string name, std::string origin, std::shared_ptr<const TextSource> train,
                        std::shared_ptr<const TextSource> validation, std::shared_ptr<const TextSource> test,
                        const TextDataOptions& options, std::span<const uint64_t> groups) {
    for (const auto& other : {validation, test}) {
        if (other &&
            (other->class_names() != train->class_names() || other->several_labels() != train->several_labels())) {
            throw Error(fmt::format("the parts of the data set {} have different classes", name));
        }
    }
    const std::vector<uint64_t> hashes = text_hashes(*train), test_texts = text_hashes(*test);
    TextData data;
    data.name = std::move(name);
    data.origin = std::move(origin);
    std::vector<uint64_t> validation_texts;
    if (validation) {
        validation_texts = text_hashes(*validation);
        data.train = whole_source(std::move(train));
        data.validation = whole_source(std::move(validation));
    } else {
        TrainValidation split = split_texts(hashes, groups, options.split_seed, "validation", options.validation);
        validation_texts = hashes_at(hashes, split.validation);
        data.train = {train, std::move(split.train)};
        data.validation = {train, std::move(split.validation)};
    }
    data.test = whole_source(std::move(test));
    limit_texts(data.train, hashes, options);
    const std::vector<uint64_t> train_texts = hashes_at(hashes, data.train.indices);
    for (std::string remark : {overlap_remark("validation", validation_texts, "training", train_texts, "texts"),
                               overlap_remark("test", test_texts, "training", train_texts, "texts"),
                               overlap_remark("test", test_texts, "validation", validation_texts, "texts"),
                               repeats_remark(data.train, train_texts)}) {
        if (!remark.empty()) data.remarks.push_back(std::move(remark));
    }
    return data;
}

TrainValidation split_texts(std::span<const uint64_t> texts, std::span<const uint64_t> groups, int64_t seed,
                            std::string_view part, double fraction) {
    ContentGroups found;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::array<uint64_t, 2> names = {groups.empty() ? texts[i] : groups[i], texts[i]};
        found.add(names);
    }
    return hold_back(found.groups(), static_cast<uint64_t>(seed), part, fraction, fmt::format("data.{}", part));
}

std::vector<int64_t> class_counts(const TextSplit& split) {
    std::vector<int64_t> counts(split.source->class_names().size());
    for (const int64_t index : split.indices) {
        for (const int32_t label : split.source->labels(index)) ++counts[static_cast<std::size_t>(label)];
    }
    return counts;
}

std::string describe(const TextData& data) {
    std::string text =
        fmt::format("{}: {} classes, {} a text\nfrom        {}\n\n", data.name, data.class_names().size(),
                    data.several_labels() ? "any number" : "one", data.origin);
    std::size_t width = 5;
    for (const std::string& name : data.class_names()) width = std::max(width, name.size());
    const auto row = [&](const std::string& name, const auto& train, const auto& validation, const auto& test) {
        text += fmt::format("{:<{}}  {:>8}  {:>10}  {:>8}\n", name, width, train, validation, test);
    };
    const std::vector<int64_t> train = class_counts(data.train), validation = class_counts(data.validation),
                               test = class_counts(data.test);
    row("class", "train", "validation", "test");
    for (std::size_t i = 0; i < train.size(); ++i) row(data.class_names()[i], train[i], validation[i], test[i]);
    row("all", data.train.size(), data.validation.size(), data.test.size());
    if (!data.remarks.empty()) text += '\n';
    for (const std::string& remark : data.remarks) text += remark + '\n';
    return text;
}

}  // namespace heed
