#include "heed/datasets/images/image_data.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/content_split.h"
#include "heed/datasets/images/image_key.h"
#include "heed/datasets/text/text_overlap.h"

namespace heed {

namespace {

ImageSplit whole_source(std::shared_ptr<const ImageSource> source) {
    ImageSplit split{std::move(source), {}};
    split.indices.resize(static_cast<std::size_t>(split.source->size()));
    std::iota(split.indices.begin(), split.indices.end(), int64_t{0});
    return split;
}

void limit_images(ImageSplit& train, const ImageDataOptions& options) {
    if (options.limit == 0) return;
    std::vector<int64_t> kept;
    for (const int64_t place :
         content_subset(content_keys(train), static_cast<uint64_t>(options.split_seed), options.limit)) {
        kept.push_back(train.indices[static_cast<std::size_t>(place)]);
    }
    train.indices = std::move(kept);
}

void add_overlaps(ImageData& data) {
    const std::vector<uint64_t> train = content_keys(data.train), validation = content_keys(data.validation),
                                test = content_keys(data.test);
    for (std::string remark : {overlap_remark("validation", validation, "training", train, "images"),
                               overlap_remark("test", test, "training", train, "images"),
                               overlap_remark("test", test, "validation", validation, "images")}) {
        if (!remark.empty()) data.remarks.push_back(std::move(remark));
    }
}

}  // namespace

TrainValidation hold_back_images(const ImageSource& source, uint64_t seed, std::string_view part, double fraction) {
    ContentGroups groups;
    for (int64_t index = 0; index < source.size(); ++index) {
        const std::array<uint64_t, 1> key = {source.content_key(index)};
        groups.add(key);
    }
    return hold_back(groups.groups(), seed, part, fraction, fmt::format("data.{}", part));
}

ImageData make_image_data(std::string name, std::filesystem::path folder, ImageParts parts,
                          const ImageDataOptions& options) {
    for (const auto& [other, part] : {std::pair{parts.validation, "validation"}, std::pair{parts.test, "test"}}) {
        if (other == nullptr) continue;
        if (parts.train->shape() != other->shape()) {
            throw UserError(fmt::format("expected {} images of the shape {} of the training images in '{}', found {}",
                                        part, to_string(parts.train->shape()), folder.string(),
                                        to_string(other->shape())));
        }
        if (parts.train->class_names() != other->class_names()) {
            throw UserError(fmt::format("expected the same classes in the training and {} images of '{}', found others",
                                        part, folder.string()));
        }
    }
    ImageData data;
    data.name = std::move(name);
    data.folder = std::move(folder);
    data.normalisation = {options.mean, options.deviation};
    // refuses what does not fit now rather than in the loader's thread
    PixelTable(data.normalisation, parts.train->shape());
    if (parts.validation) {
        data.train = whole_source(std::move(parts.train));
        data.validation = whole_source(std::move(parts.validation));
    } else {
        const auto seed = static_cast<uint64_t>(options.split_seed);
        TrainValidation split = parts.split_by == SplitBy::content
                                    ? hold_back_images(*parts.train, seed, "validation", options.validation)
                                    : split_train_validation(seed, parts.train->size(), options.validation);
        data.train = {parts.train, std::move(split.train)};
        data.validation = {parts.train, std::move(split.validation)};
    }
    data.test = whole_source(std::move(parts.test));
    limit_images(data.train, options);
    add_overlaps(data);
    return data;
}

std::vector<int64_t> class_counts(const ImageSplit& split) {
    std::vector<int64_t> counts(split.source->class_names().size());
    for (const int64_t index : split.indices) {
        ++counts[static_cast<std::size_t>(split.source->label(index))];
    }
    return counts;
}

std::string describe(const ImageData& data) {
    std::string text = fmt::format(
        "{}: {} classes, images of {} (channels, height, width)\n"
        "folder      {}\n"
        "normalised  mean {}, std {}\n\n",
        data.name, data.class_names().size(), to_string(data.shape()), data.folder.string(),
        fmt::join(data.normalisation.mean, " "), fmt::join(data.normalisation.deviation, " "));
    std::size_t width = 5;
    for (const std::string& name : data.class_names()) {
        width = std::max(width, name.size());
    }
    const auto row = [&](const std::string& name, const auto& train, const auto& validation, const auto& test) {
        text += fmt::format("{:<{}}  {:>8}  {:>10}  {:>8}\n", name, width, train, validation, test);
    };
    const std::vector<int64_t> train = class_counts(data.train);
    const std::vector<int64_t> validation = class_counts(data.validation);
    const std::vector<int64_t> test = class_counts(data.test);
    row("class", "train", "validation", "test");
    for (std::size_t i = 0; i < train.size(); ++i) {
        row(data.class_names()[i], train[i], validation[i], test[i]);
    }
    row("all", data.train.size(), data.validation.size(), data.test.size());
    if (!data.remarks.empty()) text += '\n';
    for (const std::string& remark : data.remarks) text += remark + '\n';
    return text;
}

}  // namespace heed
