#include "heed/datasets/images/sets/image_folder.h"

#include <fmt/core.h>

#include <numeric>
#include <optional>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/image_file_source.h"
#include "heed/datasets/images/image_views.h"
#include "heed/datasets/split.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

constexpr const char* image_folder_how_to_get =
    "name by data.root a folder with train/CLASS/*.jpg and test/CLASS/*.jpg (or val), or one with CLASS/*.jpg alone; "
    "PNG works too";

struct ImageFolderOptions final : ImageDataOptions {
    int64_t size = 64;
    bool grey = false;
    double test = 0.1;
    int64_t cache = 512;
    int64_t workers = 2;

    void describe(Fields& fields) override {
        ImageDataOptions::describe(fields);
        fields.add("size", size, "side of the square that images are resized to: the shorter side, then the middle")
            .range(1, 4096)
            .unit("pixels");
        fields.add("grey", grey, "one grey channel instead of red, green and blue");
        fields.add("test", test, "share of the images that is kept for testing where there is no folder test or val")
            .range(0.001, 0.9);
        fields
            .add("cache", cache,
                 "keep the resized images in memory when all take no more than this; else decode them in each epoch")
            .range(0, 1 << 20)
            .unit("MiB");
        fields.add("workers", workers, "threads that decode images beside training").range(1, 64).unit("threads");
    }

    ImageShape shape() const { return {grey ? 1 : 3, size, size}; }
};

/// The first of these folders below `root` that is there.
std::optional<fs::path> find_folder(const fs::path& root, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        std::error_code ignored;
        if (fs::is_directory(root / name, ignored)) return root / name;
    }
    return std::nullopt;
}

/// Whether this many resized images may be kept in memory.
bool fit_into_cache(std::size_t images, const ImageFolderOptions& options) {
    return static_cast<double>(images) * static_cast<double>(options.shape().pixels()) <=
           static_cast<double>(options.cache) * 1048576;
}

ImageData open_undivided(const fs::path& root, const ImageFolderOptions& options) {
    ImageFolderFiles files = scan_image_folder(root, nullptr);
    const bool keeps = fit_into_cache(files.files.size(), options);
    const auto all = image_file_source(std::move(files), options.shape(), keeps, options.workers);
    TrainValidation split = split_train_validation(0, all->size(), options.test);
    auto train = selected_images(all, std::move(split.train));
    auto test = selected_images(all, std::move(split.validation));
    return make_image_data("image_folder", root, std::move(train), std::move(test), options);
}

ImageData open_image_folder(const ImageDataOptions& general) {
    const auto& options = dynamic_cast<const ImageFolderOptions&>(general);
    options.validate();
    if (options.root.empty()) {
        throw UserError(std::string("data.root is missing: the data set image_folder expects it; ") +
                        image_folder_how_to_get);
    }
    const fs::path root = options.root;
    std::error_code ignored;
    if (!fs::is_directory(root, ignored)) {
        throw UserError(fmt::format("expected a folder of images at data.root '{}', found {}; {}", options.root,
                                    fs::exists(root, ignored) ? "a file" : "none", image_folder_how_to_get));
    }
    const auto train_folder = find_folder(root, {"train"});
    if (!train_folder) return open_undivided(root, options);
    auto test_folder = find_folder(root, {"test"});
    auto validation_folder = find_folder(root, {"val", "valid", "validation"});
    if (!test_folder) test_folder = std::exchange(validation_folder, std::nullopt);
    if (!test_folder) {
        throw UserError(
            fmt::format("expected a folder 'test' or 'val' beside '{}', found none", train_folder->string()));
    }
    ImageFolderFiles train = scan_image_folder(*train_folder, nullptr);
    ImageFolderFiles test = scan_image_folder(*test_folder, &train.class_names);
    ImageFolderFiles validation;
    if (validation_folder) validation = scan_image_folder(*validation_folder, &train.class_names);
    const bool keeps = fit_into_cache(train.files.size() + test.files.size() + validation.files.size(), options);
    const auto source_of = [&](ImageFolderFiles& files) {
        return image_file_source(std::move(files), options.shape(), keeps, options.workers);
    };
    const auto train_source = source_of(train), test_source = source_of(test);
    if (!validation_folder) return make_image_data("image_folder", root, train_source, test_source, options);
    const auto validation_source = source_of(validation);
    ImageFolderOptions no_split = options;
    no_split.validation = 0;
    ImageData data = make_image_data("image_folder", root, train_source, test_source, no_split);
    data.validation = {validation_source, std::vector<int64_t>(static_cast<std::size_t>(validation_source->size()))};
    std::iota(data.validation.indices.begin(), data.validation.indices.end(), int64_t{0});
    return data;
}

}  // namespace

ImageDataSet image_folder() {
    ImageDataSet set;
    set.name = "image_folder";
    set.summary = "own PNG and JPEG images, one subfolder a class, resized";
    set.how_to_get = image_folder_how_to_get;
    set.make_options = [] { return std::make_unique<ImageFolderOptions>(); };
    set.open = open_image_folder;
    return set;
}

}  // namespace heed
