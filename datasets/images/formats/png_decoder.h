#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "heed/datasets/images/formats/image_resize.h"

namespace heed {

/// Decodes one PNG image from memory: every colour type and depth, interlaced or not. The stored values count as they
/// are, whatever gamma, colour profile or chromaticities are stated; of 16 bits the upper 8. What is transparent lies
/// on white. Sizes and places are those of the image as it is to be seen, after the turn that its EXIF data asks for.
/// No chunk that is not needed for this is unpacked, and work and memory follow from the declared size, not from what
/// the data unpack to.
class PngDecoder {
public:
    /// Reads up to the image data; `file` has to stay. `name` stands in the errors. UserError where it is damaged.
    PngDecoder(std::span<const uint8_t> file, std::string name);
    ~PngDecoder();
    PngDecoder(const PngDecoder&) = delete;
    PngDecoder& operator=(const PngDecoder&) = delete;

    int64_t height() const;
    int64_t width() const;

    /// Decodes to `channels` (1: grey, 3: red, green, blue; grey of colours is their luma). The bytes behind the view
    /// belong to the decoder. To be called once. UserError where the data is damaged or cut short.
    PixelView decode(int64_t channels);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace heed
