#include "heed/datasets/images/formats/idx_folder.h"

#include <fmt/core.h>

#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/files/data_search.h"
#include "heed/datasets/images/formats/idx_images.h"

namespace heed {

namespace {

std::vector<std::string> file_names(const std::string& part, const std::string& what, int dimensions) {
    const std::string tail = fmt::format("idx{}-ubyte", dimensions);
    return {part + "-" + what + "-" + tail, part + "-" + what + "." + tail, part + "-" + what + "-" + tail + ".gz",
            part + "-" + what + "." + tail + ".gz"};
}

std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (const std::string part : {"train", "t10k"}) {
        for (const auto& some : {idx_image_names(part), idx_label_names(part)}) {
            names.insert(names.end(), some.begin(), some.end());
        }
    }
    return names;
}

DataSearch search_of(const IdxFolderFormat& format) {
    return {format.name, format.folders, all_names(), format.how_to_get};
}

std::shared_ptr<const ImageSource> open_part(const IdxFolderFormat& format, const std::filesystem::path& folder,
                                             const std::string& part) {
    const std::filesystem::path images = find_data_file(folder, idx_image_names(part));
    const std::filesystem::path labels = find_data_file(folder, idx_label_names(part));
    auto source = open_idx_images(images, labels, format.class_names);
    if (format.facts && source->shape() != format.facts->shape) {
        throw UserError(fmt::format("expected images of {} for {} in '{}', found {}", to_string(format.facts->shape),
                                    format.name, images.string(), to_string(source->shape())));
    }
    return source;
}

}  // namespace

std::vector<std::string> idx_image_names(const std::string& part) {
    return file_names(part, "images", 3);
}

std::vector<std::string> idx_label_names(const std::string& part) {
    return file_names(part, "labels", 1);
}

ImageData open_idx_folder(const IdxFolderFormat& format, const ImageDataOptions& options) {
    const std::filesystem::path folder = find_data_folder(search_of(format), options.root);
    auto train = open_part(format, folder, "train");
    auto test = open_part(format, folder, "t10k");
    return make_image_data(format.name, folder, {std::move(train), nullptr, std::move(test)}, options);
}

ImageDataSet idx_data_set(const IdxFolderFormat& format, std::string summary, const Normalisation& normalisation) {
    ImageDataSet set;
    set.name = format.name;
    set.summary = std::move(summary);
    set.how_to_get = format.how_to_get;
    set.facts = format.facts;
    set.search = search_of(format);
    set.make_options = [normalisation] {
        auto options = std::make_unique<ImageDataOptions>();
        options->mean = normalisation.mean;
        options->deviation = normalisation.deviation;
        return options;
    };
    set.open = [format](const ImageDataOptions& options) { return open_idx_folder(format, options); };
    return set;
}

}  // namespace heed
