#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

/// What a random resized crop takes of an image, whatever its size.
struct RandomCrop {
    float area = 1;   ///< share of the image's area
    float ratio = 1;  ///< of width to height
    float x = 0;      ///< 0: leftmost, 1: rightmost
    float y = 0;      ///< 0: topmost, 1: lowest
};

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

    /// The same of a part of the image, resized to the whole shape. Sources whose images are larger than `shape()` take
    /// it out of the large image.
    virtual void read_crop(int64_t index, const RandomCrop& crop, std::span<uint8_t> pixels) const;

    /// Threads that should read at once beside training; more than 1 where an image has to be decoded.
    virtual int64_t reading_threads() const { return 1; }

    virtual int32_t label(int64_t index) const = 0;

    /// What equal images have in common, whatever their labels (byte_key of the pixels, file_key of a file).
    virtual uint64_t content_key(int64_t index) const;

    /// Path of the image's file below the folder of the source; empty where it has none of its own.
    virtual std::string_view file_name(int64_t /*index*/) const { return {}; }

    int64_t classes() const { return static_cast<int64_t>(class_names().size()); }
};

}  // namespace heed
