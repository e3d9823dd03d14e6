#pragma once

#include <cstdint>
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

/// The orientation that the data of an APP1 segment states; upright where it is no EXIF data, is damaged or states
/// none.
ExifOrientation exif_orientation(std::span<const uint8_t> segment);

/// Whether height and width change places.
inline bool turns_sides(ExifOrientation orientation) {
    return orientation >= ExifOrientation::transposed;
}

/// The same bytes seen as they should be.
PixelView oriented(PixelView view, ExifOrientation orientation);

}  // namespace heed
