#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "heed/datasets/images/formats/image_resize.h"

namespace heed {

/// Decodes one JPEG image from memory: grey, YCbCr, RGB, CMYK, any subsampling, baseline and progressive. All sizes and
/// places are those of the image as it is to be seen, after the turn that its EXIF data asks for.
class JpegDecoder {
public:
    /// Reads the header. `name` stands in the errors. UserError where it is damaged.
    JpegDecoder(std::span<const uint8_t> file, std::string name);
    ~JpegDecoder();
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;

    int64_t height() const;
    int64_t width() const;

    /// Decodes to `channels` (1: grey, 3: red, green, blue; grey of colours is their luma) at 1 / `reduction` (1, 2, 4
    /// or 8) of the size, rounded up. The bytes behind the view belong to the decoder. To be called once. UserError
    /// where the data is damaged or cut short, if only by a byte, or has more than 100 scans.
    PixelView decode(int64_t channels, int64_t reduction);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace heed
