#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "heed/datasets/images/formats/image_resize.h"

namespace heed {

/// How an image is to be turned before it is seen, by the numbers of the EXIF tag Orientation.
enum class ExifOrientation : uint8_t {
    upright = 1,
    mirrored = 2,
    upside_down = 3,
    mirrored_upside_down = 4,
    transposed = 5,
    turned_right = 6,  ///< has to be turned by 90 degrees clockwise
    transverse = 7,
    turned_left = 8,
};

/// The orientation that EXIF data state (a TIFF structure, with or without the mark `Exif` before it); upright where
/// they state a number that means none, nothing where they state none or are damaged.
std::optional<ExifOrientation> orientation_in_exif(std::span<const uint8_t> data);

/// The same of an XMP packet: its `tiff:Orientation`.
std::optional<ExifOrientation> orientation_in_xmp(std::span<const uint8_t> packet);

/// What the APP1 segments of a JPEG file state: one holds EXIF data, another may hold XMP, in any order. EXIF data
/// count before XMP.
class App1Orientation {
public:
    void add(std::span<const uint8_t> segment);
    ExifOrientation orientation() const;

private:
    bool has_exif_ = false;
    std::optional<ExifOrientation> exif_, xmp_;
};

/// Whether height and width change places.
inline bool turns_sides(ExifOrientation orientation) {
    return orientation >= ExifOrientation::transposed;
}

/// The same bytes seen as they should be.
PixelView oriented(PixelView view, ExifOrientation orientation);

}  // namespace heed
