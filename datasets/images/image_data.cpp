#include "heed/datasets/images/image_data.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/split.h"

namespace heed {

ImageData make_image_data(std::string name, std::filesystem::path folder, std::shared_ptr<const ImageSource> train,
                          std::shared_ptr<const ImageSource> test, const ImageDataOptions& options) {
    if (train->shape() != test->shape()) {
        throw UserError(fmt::format("expected test images of the shape {} of the training images in '{}', found {}",
                                    to_string(train->shape()), folder.string(), to_string(test->shape())));
    }
    if (train->class_names() != test->class_names()) {
        throw UserError(fmt::format("expected the same classes in the training and test images of '{}', found others",
                                    folder.string()));
    }
    ImageData data;
    data.name = std::move(name);
    data.folder = std::move(folder);
    data.normalisation = {options.mean, options.deviation};
    PixelTable(data.normalisation, train->shape());  // refuses what does not fit now rather than in the loader's thread

    TrainValidation split =
        split_train_validation(static_cast<uint64_t>(options.split_seed), train->size(), options.validation);
    data.train = {train, std::move(split.train)};
    data.validation = {train, std::move(split.validation)};
    data.test = {test, std::vector<int64_t>(static_cast<std::size_t>(test->size()))};
    std::iota(data.test.indices.begin(), data.test.indices.end(), int64_t{0});
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
    return text;
}

}  // namespace heed
