#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/datasets/images/image_data.h"

namespace heed::test {

/// Images and labels from integer formulas, so that a program in another language has the same. Byte number i of the
/// whole source is the top byte of the 32-bit number i * 2654435761 + 12345; the label of image i is
/// (7 i + i / 5) % classes.
class FormulaImages final : public ImageSource {
public:
    FormulaImages(int64_t size, const ImageShape& shape, int classes) : size_(size), shape_(shape) {
        for (int i = 0; i < classes; ++i) names_.push_back("class " + std::to_string(i));
    }

    int64_t size() const override { return size_; }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return names_; }

    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        for (size_t i = 0; i < pixels.size(); ++i) {
            const auto place = static_cast<uint32_t>(index * shape_.pixels() + static_cast<int64_t>(i));
            pixels[i] = static_cast<uint8_t>((place * 2654435761U + 12345U) >> 24);
        }
    }
    int32_t label(int64_t index) const override { return static_cast<int32_t>((7 * index + index / 5) % classes()); }

private:
    int64_t size_;
    ImageShape shape_;
    std::vector<std::string> names_;
};

/// A data set whose training, validation and test sets are all the whole of `source`.
inline ImageData data_of(std::shared_ptr<const ImageSource> source, const Normalisation& normalisation = {}) {
    ImageSplit all{source, {}};
    for (int64_t i = 0; i < source->size(); ++i) all.indices.push_back(i);
    ImageData data;
    data.name = "images from a formula";
    data.train = data.validation = data.test = all;
    data.normalisation = normalisation;
    return data;
}

}  // namespace heed::test
