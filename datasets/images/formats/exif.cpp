#include "heed/datasets/images/formats/exif.h"

#include <algorithm>
#include <array>
#include <utility>

namespace heed {

namespace {

constexpr std::array<uint8_t, 6> exif_mark = {'E', 'x', 'i', 'f', 0, 0};
constexpr uint32_t orientation_tag = 0x0112;
constexpr uint32_t short_type = 3;

/// Numbers of a TIFF structure; what lies outside of it reads as 0.
class TiffNumbers {
public:
    explicit TiffNumbers(std::span<const uint8_t> bytes)
        : bytes_(bytes), big_endian_(bytes.size() > 1 && bytes[0] == 'M' && bytes[1] == 'M') {}

    uint32_t read(std::size_t place, std::size_t count) const {
        if (place > bytes_.size() || bytes_.size() - place < count) return 0;
        uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            value = value << 8 | bytes_[place + (big_endian_ ? i : count - 1 - i)];
        }
        return value;
    }

private:
    std::span<const uint8_t> bytes_;
    bool big_endian_;
};

}  // namespace

ExifOrientation exif_orientation(std::span<const uint8_t> segment) {
    if (segment.size() < exif_mark.size() || !std::equal(exif_mark.begin(), exif_mark.end(), segment.begin())) {
        return ExifOrientation::upright;
    }
    const TiffNumbers tiff(segment.subspan(exif_mark.size()));
    const std::size_t directory = tiff.read(4, 4);
    const std::size_t entries = tiff.read(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + 12 * i;
        if (tiff.read(entry, 2) != orientation_tag || tiff.read(entry + 2, 2) != short_type) continue;
        const uint32_t value = tiff.read(entry + 8, 2);
        if (value >= 1 && value <= 8) return static_cast<ExifOrientation>(value);
    }
    return ExifOrientation::upright;
}

PixelView oriented(PixelView view, ExifOrientation orientation) {
    if (turns_sides(orientation)) {
        std::swap(view.height, view.width);
        std::swap(view.row_stride, view.pixel_stride);
    }
    const bool from_right = orientation == ExifOrientation::mirrored || orientation == ExifOrientation::upside_down ||
                            orientation == ExifOrientation::turned_right || orientation == ExifOrientation::transverse;
    const bool from_below = orientation == ExifOrientation::upside_down ||
                            orientation == ExifOrientation::mirrored_upside_down ||
                            orientation == ExifOrientation::transverse || orientation == ExifOrientation::turned_left;
    if (from_right) {
        view.data += (view.width - 1) * view.pixel_stride;
        view.pixel_stride = -view.pixel_stride;
    }
    if (from_below) {
        view.data += (view.height - 1) * view.row_stride;
        view.row_stride = -view.row_stride;
    }
    return view;
}

}  // namespace heed
