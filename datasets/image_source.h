#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace heed {

/// Size of every image of a source, in pixels.
struct ImageShape {
    int64_t channels = 1;
    int64_t height = 0;
    int64_t width = 0;

    int64_t pixels() const { return channels * height * width; }
    bool operator==(const ImageShape&) const = default;
};

/// `1x28x28`: channels, height, width.
std::string to_string(const ImageShape& shape);

/// Labelled images of one shape, by their position in the official order. Sources that hold everything in memory and
/// sources that decode a file at each call look the same; all functions may be called from several threads at once.
class ImageSource {
public:
    virtual ~ImageSource() = default;

    virtual int64_t size() const = 0;
    virtual const ImageShape& shape() const = 0;

    /// Names of the classes; the label of an image is a position in this list.
    virtual const std::vector<std::string>& class_names() const = 0;

    /// Writes the bytes of image `index`, channel after channel, each row-major, into `pixels` (`shape().pixels()`
    /// bytes). UserError where the image's file is damaged.
    virtual void read_image(int64_t index, std::span<uint8_t> pixels) const = 0;

    virtual int32_t label(int64_t index) const = 0;

    int64_t classes() const { return static_cast<int64_t>(class_names().size()); }
};

}  // namespace heed
