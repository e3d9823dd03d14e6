#include "heed/datasets/images/formats/exif.h"

#include <string_view>
#include <utility>

namespace heed {

namespace {

constexpr std::string_view exif_mark("Exif\0\0", 6);
constexpr std::string_view xmp_mark("http://ns.adobe.com/xap/1.0/\0", 29);
constexpr uint32_t orientation_tag = 0x0112;
constexpr uint32_t short_type = 3;
constexpr uint32_t long_type = 4;

std::string_view as_text(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ExifOrientation orientation_of(uint32_t number) {
    return number >= 1 && number <= 8 ? static_cast<ExifOrientation>(number) : ExifOrientation::upright;
}

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

std::optional<ExifOrientation> orientation_in_exif(std::span<const uint8_t> data) {
    if (as_text(data).starts_with(exif_mark)) data = data.subspan(exif_mark.size());
    const std::string_view header = as_text(data).substr(0, 4);
    if (header != std::string_view("II\x2a\0", 4) && header != std::string_view("MM\0\x2a", 4)) return std::nullopt;
    const TiffNumbers tiff(data);
    const std::size_t directory = tiff.read(4, 4);
    const std::size_t entries = tiff.read(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + 12 * i;
        if (entry + 12 > data.size()) break;
        if (tiff.read(entry, 2) != orientation_tag) continue;
        const uint32_t type = tiff.read(entry + 2, 2);
        if (type == short_type) return orientation_of(tiff.read(entry + 8, 2));
        if (type == long_type) return orientation_of(tiff.read(entry + 8, 4));
    }
    return std::nullopt;
}

std::optional<ExifOrientation> orientation_in_xmp(std::span<const uint8_t> packet) {
    const std::string_view text = as_text(packet);
    for (const std::string_view start : {"tiff:Orientation=\"", "tiff:Orientation>"}) {
        const std::size_t place = text.find(start);
        if (place == text.npos || place + start.size() >= text.size()) continue;
        const char digit = text[place + start.size()];
        if (digit >= '0' && digit <= '9') return orientation_of(static_cast<uint32_t>(digit - '0'));
    }
    return std::nullopt;
}

void App1Orientation::add(std::span<const uint8_t> segment) {
    const std::string_view text = as_text(segment);
    if (text.starts_with(exif_mark) && !has_exif_) {
        has_exif_ = true;
        exif_ = orientation_in_exif(segment);
    } else if (text.starts_with(xmp_mark)) {
        xmp_ = orientation_in_xmp(segment.subspan(xmp_mark.size()));
    }
}

ExifOrientation App1Orientation::orientation() const {
    return exif_ ? *exif_ : xmp_.value_or(ExifOrientation::upright);
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
