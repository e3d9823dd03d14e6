#include "heed/datasets/images/formats/jpeg_decoder.h"

// jpeglib.h needs size_t and FILE.
#include <cstddef>
#include <cstdio>

#include <fmt/core.h>
#include <jerror.h>
#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/exif.h"

namespace heed {

/// libjpeg reports errors by a jump: everything that has to survive one lives here, and no object with a destructor is
/// made between `setjmp` and the calls into libjpeg.
struct JpegDecoder::State {
    jpeg_decompress_struct jpeg{};
    jpeg_error_mgr errors{};
    std::jmp_buf jump;
    std::array<char, JMSG_LENGTH_MAX> message{};
    std::string name;
    ExifOrientation orientation = ExifOrientation::upright;
    std::vector<uint8_t> pixels;
    std::vector<uint8_t> row;  // of CMYK

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { jpeg_destroy_decompress(&jpeg); }  // also after an error in the header

    static State& of(j_common_ptr jpeg) { return *static_cast<State*>(jpeg->client_data); }

    [[noreturn]] static void on_error(j_common_ptr jpeg) {
        State& state = of(jpeg);
        (*jpeg->err->format_message)(jpeg, state.message.data());
        std::longjmp(state.jump, 1);
    }

    /// libjpeg goes on with grey after data that is damaged or cut short; here that is an error. Bytes between two
    /// segments harm nothing.
    static void on_message(j_common_ptr jpeg, int level) {
        if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) on_error(jpeg);
    }

    [[noreturn]] void fail() const {
        throw UserError(fmt::format("cannot read the image {}: {}", name, message.data()));
    }

    void read_header(std::span<const uint8_t> file) {
        if (setjmp(jump) != 0) fail();
        jpeg_create_decompress(&jpeg);
        jpeg.client_data = this;
        jpeg_mem_src(&jpeg, file.data(), static_cast<unsigned long>(file.size()));
        jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
        jpeg_read_header(&jpeg, TRUE);
    }

    bool is_cmyk() const { return jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK; }

    void start(int64_t channels, int64_t reduction) {
        if (setjmp(jump) != 0) fail();
        jpeg.scale_num = 1;
        jpeg.scale_denom = static_cast<unsigned int>(reduction);
        jpeg.out_color_space = is_cmyk() ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_start_decompress(&jpeg);
    }

    void read_rows(int64_t channels) {
        if (setjmp(jump) != 0) fail();
        while (jpeg.output_scanline < jpeg.output_height) {
            uint8_t* target = pixels.data() + static_cast<int64_t>(jpeg.output_scanline) * jpeg.output_width * channels;
            JSAMPROW destination = is_cmyk() ? row.data() : target;
            jpeg_read_scanlines(&jpeg, &destination, 1);
            if (is_cmyk()) from_cmyk(target, channels);
        }
        jpeg_finish_decompress(&jpeg);
    }

    /// Adobe's programs, which wrote nearly all of these files, store the inks inverted.
    void from_cmyk(uint8_t* target, int64_t channels) const {
        const bool inverted = jpeg.saw_Adobe_marker != 0;
        for (std::size_t x = 0; x < jpeg.output_width; ++x) {
            const uint8_t* inks = row.data() + 4 * x;
            int light[3];
            for (int c = 0; c < 3; ++c) {
                const int ink = inverted ? inks[c] : 255 - inks[c], black = inverted ? inks[3] : 255 - inks[3];
                light[c] = (ink * black + 127) / 255;
            }
            if (channels == 1) {
                *target++ = static_cast<uint8_t>((299 * light[0] + 587 * light[1] + 114 * light[2] + 500) / 1000);
            } else {
                for (const int value : light) *target++ = static_cast<uint8_t>(value);
            }
        }
    }
};

JpegDecoder::JpegDecoder(std::span<const uint8_t> file, std::string name) : state_(std::make_unique<State>()) {
    State& state = *state_;
    state.name = std::move(name);
    state.jpeg.err = jpeg_std_error(&state.errors);
    state.jpeg.client_data = &state;
    state.errors.error_exit = State::on_error;
    state.errors.emit_message = State::on_message;
    state.read_header(file);
    for (const jpeg_marker_struct* marker = state.jpeg.marker_list; marker != nullptr; marker = marker->next) {
        if (marker->marker == JPEG_APP0 + 1) state.orientation = exif_orientation({marker->data, marker->data_length});
    }
}

JpegDecoder::~JpegDecoder() = default;

int64_t JpegDecoder::height() const {
    return turns_sides(state_->orientation) ? state_->jpeg.image_width : state_->jpeg.image_height;
}

int64_t JpegDecoder::width() const {
    return turns_sides(state_->orientation) ? state_->jpeg.image_height : state_->jpeg.image_width;
}

PixelView JpegDecoder::decode(int64_t channels, int64_t reduction) {
    State& state = *state_;
    state.start(channels, reduction);
    const ImageShape shape{channels, state.jpeg.output_height, state.jpeg.output_width};
    state.pixels.resize(static_cast<std::size_t>(shape.pixels()));
    if (state.is_cmyk()) state.row.resize(4 * static_cast<std::size_t>(shape.width));
    state.read_rows(channels);
    return oriented(PixelView::interleaved(state.pixels.data(), shape), state.orientation);
}

}  // namespace heed
