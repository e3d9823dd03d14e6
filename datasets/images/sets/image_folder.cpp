#include "heed/datasets/images/sets/image_folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/datasets/files/free_memory.h"
#include "heed/datasets/files/reading_threads.h"
#include "heed/datasets/images/formats/image_file_source.h"
#include "heed/datasets/images/image_key.h"
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
    std::string on_error = "error";

    void describe(Fields& fields) override {
        ImageDataOptions::describe(fields);
        fields.add("size", size, "side of the square that images are resized to: the shorter side, then the middle")
            .range(1, 4096)
            .unit("pixels");
        fields.add("grey", grey, "one grey channel instead of red, green and blue");
        fields
            .add("test", test,
                 "about this share of the images is kept for testing where there is no folder test or val")
            .range(0.001, 0.9);
        fields
            .add("cache", cache,
                 "keep the resized images in memory when all take no more than this; else decode them in each epoch")
            .range(0, 1 << 20)
            .unit("MiB");
        fields.add("workers", workers, "threads that decode images beside training").range(1, 64).unit("threads");
        fields
            .add("on_error", on_error,
                 "an image that cannot be read: an error when its turn comes; or skip, which decodes all images once "
                 "before training and leaves such ones out, named in the log")
            .choices({"error", "skip"});
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

/// Reads the keys of the files. With `skips`, a file that cannot be read has any: it will be left out.
void read_keys(ImageFolderFiles& files, int64_t threads, bool skips) {
    files.keys.resize(files.files.size());
    ReadingThreads readers(threads);
    readers.for_each(std::ssize(files.files), [&](int64_t item, int64_t /*thread*/) {
        const auto place = static_cast<std::size_t>(item);
        try {
            files.keys[place] = file_key(files.folder / files.files[place]);
        } catch (const UserError&) {
            if (!skips) throw;
        }
    });
}

/// What the files of a data set become: sources, and what has to be said of them.
class FolderSources {
public:
    FolderSources(const ImageFolderOptions& options, std::size_t images)
        : options_(options), keeps_(fit_into_cache(images, options)) {
        if (keeps_) {
            check_memory(static_cast<int64_t>(images) * options.shape().pixels(), "the resized images of the data set",
                         "lower data.size, or data.cache, so that they are decoded in each epoch");
        }
    }

    std::shared_ptr<const ImageSource> open(ImageFolderFiles files) {
        const bool skips = options_.on_error == "skip";
        read_keys(files, options_.workers, skips);
        auto source = image_file_source(std::move(files), options_.shape(), keeps_, options_.workers);
        return skips ? without_damaged(std::move(source)) : std::move(source);
    }

    /// "warning: 3 of 40 images cannot be read and are left out: ...", or nothing.
    std::vector<std::string> remarks() const {
        if (damaged_.empty()) return {};
        constexpr std::size_t most = 5;
        std::string text = fmt::format("warning: {} of {} images cannot be read and are left out (data.on_error=skip)",
                                       damaged_.size(), images_);
        for (std::size_t i = 0; i < std::min(most, damaged_.size()); ++i) text += (i == 0 ? ": " : "; ") + damaged_[i];
        if (damaged_.size() > most) text += fmt::format("; and {} more", damaged_.size() - most);
        return {text};
    }

private:
    /// Each image is decoded once, now: what is left out later would move others in the order of an epoch.
    std::shared_ptr<const ImageSource> without_damaged(std::shared_ptr<const ImageSource> source) {
        std::vector<std::string> failures(static_cast<std::size_t>(source->size()));
        ReadingThreads readers(options_.workers);
        std::vector<std::vector<uint8_t>> pixels(static_cast<std::size_t>(options_.workers));
        for (std::vector<uint8_t>& each : pixels) each.resize(static_cast<std::size_t>(source->shape().pixels()));
        readers.for_each(source->size(), [&](int64_t index, int64_t thread) {
            try {
                source->read_image(index, pixels[static_cast<std::size_t>(thread)]);
            } catch (const UserError& error) {
                failures[static_cast<std::size_t>(index)] = error.what();
            }
        });
        std::vector<int64_t> sound;
        for (int64_t index = 0; index < source->size(); ++index) {
            std::string& failure = failures[static_cast<std::size_t>(index)];
            if (failure.empty()) {
                sound.push_back(index);
            } else {
                damaged_.push_back(std::move(failure));
            }
        }
        images_ += source->size();
        if (std::ssize(sound) == source->size()) return source;
        if (sound.empty()) throw UserError(fmt::format("not one image can be read: {}", damaged_.back()));
        return selected_images(std::move(source), std::move(sound));
    }

    const ImageFolderOptions& options_;
    bool keeps_;
    int64_t images_ = 0;
    std::vector<std::string> damaged_;
};

void add_front(std::vector<std::string>& remarks, const std::vector<std::string>& more) {
    remarks.insert(remarks.begin(), more.begin(), more.end());
}

ImageData open_undivided(const fs::path& root, const ImageFolderOptions& options) {
    ImageFolderFiles files = scan_image_folder(root, nullptr);
    FolderSources sources(options, files.files.size());
    const auto all = sources.open(std::move(files));
    TrainValidation split = hold_back_images(*all, 0, "test", options.test);
    ImageParts parts;
    parts.train = selected_images(all, std::move(split.train));
    parts.test = selected_images(all, std::move(split.validation));
    parts.split_by = SplitBy::content;
    ImageData data = make_image_data("image_folder", root, std::move(parts), options);
    add_front(data.remarks, sources.remarks());
    return data;
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
                                    path_exists(root) ? "a file" : "none", image_folder_how_to_get));
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
    FolderSources sources(options, train.files.size() + test.files.size() + validation.files.size());
    ImageParts parts;
    parts.train = sources.open(std::move(train));
    if (validation_folder) parts.validation = sources.open(std::move(validation));
    parts.test = sources.open(std::move(test));
    parts.split_by = SplitBy::content;
    ImageData data = make_image_data("image_folder", root, std::move(parts), options);
    add_front(data.remarks, sources.remarks());
    return data;
}

}  // namespace

ImageDataSet image_folder() {
    ImageDataSet set;
    set.name = "image_folder";
    set.summary = "own PNG and JPEG images, one subfolder a class, resized";
    set.how_to_get = image_folder_how_to_get;
    set.make_options = [] { return std::make_unique<ImageFolderOptions>(); };
    set.shape = [](const ImageDataOptions& options) {
        return dynamic_cast<const ImageFolderOptions&>(options).shape();
    };
    set.open = open_image_folder;
    return set;
}

}  // namespace heed
