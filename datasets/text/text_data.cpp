#include "heed/datasets/text/text_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/split.h"

namespace heed {

namespace {

TextSplit whole_source(std::shared_ptr<const TextSource> source) {
    TextSplit split{std::move(source), {}};
    split.indices.resize(static_cast<std::size_t>(split.source->size()));
    std::iota(split.indices.begin(), split.indices.end(), int64_t{0});
    return split;
}

}  // namespace

std::vector<std::string_view> TextSplit::texts() const {
    std::vector<std::string_view> result;
    result.reserve(indices.size());
    for (const int64_t index : indices) result.emplace_back(source->text(index));
    return result;
}

TextData make_text_data(std::string name, std::string origin, std::shared_ptr<const TextSource> train,
                        std::shared_ptr<const TextSource> validation, std::shared_ptr<const TextSource> test,
                        const TextDataOptions& options) {
    for (const auto& other : {validation, test}) {
        if (other &&
            (other->class_names() != train->class_names() || other->several_labels() != train->several_labels())) {
            throw Error(fmt::format("the parts of the data set {} have different classes", name));
        }
    }
    TextData data;
    data.name = std::move(name);
    data.origin = std::move(origin);
    if (validation) {
        data.train = whole_source(std::move(train));
        data.validation = whole_source(std::move(validation));
    } else {
        TrainValidation split =
            split_train_validation(static_cast<uint64_t>(options.split_seed), train->size(), options.validation);
        data.train = {train, std::move(split.train)};
        data.validation = {train, std::move(split.validation)};
    }
    data.test = whole_source(std::move(test));
    return data;
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
    return text;
}

}  // namespace heed
