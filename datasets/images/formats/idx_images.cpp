#include "heed/datasets/images/formats/idx_images.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/idx.h"
#include "heed/datasets/images/image_key.h"

namespace heed {

namespace {

class IdxImages final : public ImageSource {
public:
    IdxImages(IdxArray images, std::vector<uint8_t> labels, std::vector<std::string> class_names)
        : shape_{1, images.shape[1], images.shape[2]},
          pixels_(std::move(images.values)),
          labels_(std::move(labels)),
          class_names_(std::move(class_names)) {}

    int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return class_names_; }

    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        const auto count = static_cast<std::size_t>(shape_.pixels());
        std::memcpy(pixels.data(), pixels_.data() + static_cast<std::size_t>(index) * count, count);
    }

    uint64_t content_key(int64_t index) const override {
        const auto count = static_cast<std::size_t>(shape_.pixels());
        return byte_key(std::span(pixels_).subspan(static_cast<std::size_t>(index) * count, count));
    }

    int32_t label(int64_t index) const override { return labels_[static_cast<std::size_t>(index)]; }

private:
    ImageShape shape_;
    std::vector<uint8_t> pixels_;
    std::vector<uint8_t> labels_;
    std::vector<std::string> class_names_;
};

}  // namespace

std::shared_ptr<const ImageSource> open_idx_images(const std::filesystem::path& images,
                                                   const std::filesystem::path& labels,
                                                   std::vector<std::string> class_names) {
    // Labels first: they are small, so that a wrong file is found at once.
    IdxArray label_array = read_idx(labels, 1);
    const auto wrong = std::find_if(label_array.values.begin(), label_array.values.end(),
                                    [&](uint8_t label) { return label >= class_names.size(); });
    if (wrong != label_array.values.end()) {
        throw UserError(fmt::format("expected labels from 0 to {} in '{}', found {} at record {}",
                                    class_names.size() - 1, labels.string(), *wrong,
                                    wrong - label_array.values.begin()));
    }
    IdxArray image_array = read_idx(images, 3);
    if (image_array.shape[0] != label_array.shape[0]) {
        throw UserError(fmt::format("expected one label for each of the {} images of '{}', found {} labels in '{}'",
                                    image_array.shape[0], images.string(), label_array.shape[0], labels.string()));
    }
    return std::make_shared<IdxImages>(std::move(image_array), std::move(label_array.values), std::move(class_names));
}

}  // namespace heed
