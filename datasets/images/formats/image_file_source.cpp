#include "heed/datasets/images/formats/image_file_source.h"

#include <atomic>
#include <cstring>
#include <utility>

#include "heed/datasets/images/formats/image_file.h"

namespace heed {

namespace {

/// Places for images that several threads fill while others read.
class ImageMemory {
public:
    ImageMemory(std::size_t images, std::size_t image_bytes)
        : image_bytes_(image_bytes),
          bytes_(new uint8_t[images * image_bytes]),  // not set, so that a page is taken when an image comes
          states_(new std::atomic<State>[images]()) {}

    bool read(std::size_t image, std::span<uint8_t> pixels) const {
        if (states_[image].load(std::memory_order_acquire) != State::full) return false;
        std::memcpy(pixels.data(), bytes_.get() + image * image_bytes_, image_bytes_);
        return true;
    }

    /// Of several threads with the same image, one keeps it.
    void keep(std::size_t image, std::span<const uint8_t> pixels) {
        State expected = State::empty;
        if (!states_[image].compare_exchange_strong(expected, State::filling)) return;
        std::memcpy(bytes_.get() + image * image_bytes_, pixels.data(), image_bytes_);
        states_[image].store(State::full, std::memory_order_release);
    }

private:
    enum class State : uint8_t { empty, filling, full };

    std::size_t image_bytes_;
    std::unique_ptr<uint8_t[]> bytes_;
    std::unique_ptr<std::atomic<State>[]> states_;
};

class ImageFileSource final : public ImageSource {
public:
    ImageFileSource(ImageFolderFiles files, const ImageShape& shape, bool keeps, int64_t reading_threads)
        : files_(std::move(files)), shape_(shape), reading_threads_(reading_threads) {
        if (keeps) {
            memory_ = std::make_unique<ImageMemory>(files_.files.size(), static_cast<std::size_t>(shape.pixels()));
        }
    }

    int64_t size() const override { return static_cast<int64_t>(files_.files.size()); }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return files_.class_names; }
    int32_t label(int64_t index) const override { return files_.labels[static_cast<std::size_t>(index)]; }
    uint64_t content_key(int64_t index) const override { return files_.keys.at(static_cast<std::size_t>(index)); }
    std::string_view file_name(int64_t index) const override { return files_.files[static_cast<std::size_t>(index)]; }
    int64_t reading_threads() const override { return reading_threads_; }

    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        const auto image = static_cast<std::size_t>(index);
        if (memory_ && memory_->read(image, pixels)) return;
        read_file(image, nullptr, pixels);
        if (memory_) memory_->keep(image, pixels);
    }

    void read_crop(int64_t index, const RandomCrop& crop, std::span<uint8_t> pixels) const override {
        read_file(static_cast<std::size_t>(index), &crop, pixels);
    }

private:
    void read_file(std::size_t image, const RandomCrop* crop, std::span<uint8_t> pixels) const {
        read_image_file(files_.folder / files_.files[image], shape_, crop, pixels);
    }

    ImageFolderFiles files_;
    ImageShape shape_;
    int64_t reading_threads_;
    std::unique_ptr<ImageMemory> memory_;
};

}  // namespace

std::shared_ptr<const ImageSource> image_file_source(ImageFolderFiles files, const ImageShape& shape, bool keeps,
                                                     int64_t reading_threads) {
    return std::make_shared<ImageFileSource>(std::move(files), shape, keeps, reading_threads);
}

}  // namespace heed
