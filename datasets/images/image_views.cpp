#include "heed/datasets/images/image_views.h"

#include <utility>

#include "heed/datasets/images/formats/image_resize.h"

namespace heed {

namespace {

class ResizedImages final : public ImageSource {
public:
    ResizedImages(std::shared_ptr<const ImageSource> source, int64_t size)
        : source_(std::move(source)), shape_{source_->shape().channels, size, size} {}

    int64_t size() const override { return source_->size(); }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return source_->class_names(); }
    int32_t label(int64_t index) const override { return source_->label(index); }
    uint64_t content_key(int64_t index) const override { return source_->content_key(index); }
    std::string_view file_name(int64_t index) const override { return source_->file_name(index); }
    int64_t reading_threads() const override { return source_->reading_threads(); }

    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        resize(index, centre_box(source_->shape().height, source_->shape().width, shape_), pixels);
    }
    void read_crop(int64_t index, const RandomCrop& crop, std::span<uint8_t> pixels) const override {
        resize(index, crop_box(source_->shape().height, source_->shape().width, crop), pixels);
    }

private:
    void resize(int64_t index, const ImageBox& box, std::span<uint8_t> pixels) const {
        std::vector<uint8_t> original(static_cast<std::size_t>(source_->shape().pixels()));
        source_->read_image(index, original);
        resize_image(PixelView::planes(original.data(), source_->shape()), box, shape_, pixels);
    }

    std::shared_ptr<const ImageSource> source_;
    ImageShape shape_;
};

class SelectedImages final : public ImageSource {
public:
    SelectedImages(std::shared_ptr<const ImageSource> source, std::vector<int64_t> indices)
        : source_(std::move(source)), indices_(std::move(indices)) {}

    int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
    const ImageShape& shape() const override { return source_->shape(); }
    const std::vector<std::string>& class_names() const override { return source_->class_names(); }
    int32_t label(int64_t index) const override { return source_->label(inner(index)); }
    uint64_t content_key(int64_t index) const override { return source_->content_key(inner(index)); }
    std::string_view file_name(int64_t index) const override { return source_->file_name(inner(index)); }
    int64_t reading_threads() const override { return source_->reading_threads(); }
    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        source_->read_image(inner(index), pixels);
    }
    void read_crop(int64_t index, const RandomCrop& crop, std::span<uint8_t> pixels) const override {
        source_->read_crop(inner(index), crop, pixels);
    }

private:
    int64_t inner(int64_t index) const { return indices_[static_cast<std::size_t>(index)]; }

    std::shared_ptr<const ImageSource> source_;
    std::vector<int64_t> indices_;
};

}  // namespace

std::shared_ptr<const ImageSource> resized_images(std::shared_ptr<const ImageSource> source, int64_t size) {
    return std::make_shared<ResizedImages>(std::move(source), size);
}

std::shared_ptr<const ImageSource> selected_images(std::shared_ptr<const ImageSource> source,
                                                   std::vector<int64_t> indices) {
    return std::make_shared<SelectedImages>(std::move(source), std::move(indices));
}

}  // namespace heed
