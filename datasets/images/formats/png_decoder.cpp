#include "heed/datasets/images/formats/png_decoder.h"

#include <fmt/core.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/exif.h"
#include "heed/datasets/images/formats/luma.h"

namespace heed {

namespace {

uint32_t big_endian_number(const uint8_t* bytes) {
    return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

/// What the chunk `eXIf` states: libpng need not look at it.
ExifOrientation png_orientation(std::span<const uint8_t> file) {
    constexpr std::size_t frame = 12;  // length, type, check sum
    for (std::size_t place = 8; file.size() >= frame && place <= file.size() - frame;) {
        const std::size_t length = big_endian_number(&file[place]);
        if (length > file.size() - frame - place) break;
        if (std::equal(&file[place + 4], &file[place + 8], "eXIf")) {
            return orientation_in_exif(file.subspan(place + 8, length)).value_or(ExifOrientation::upright);
        }
        place += frame + length;
    }
    return ExifOrientation::upright;
}

}  // namespace

/// libpng reports errors by a jump: everything that has to survive one lives here, and no object with a destructor is
/// made between `setjmp` and the calls into libpng. Its interface that is given data ("progressive") stops by itself
/// after the last row, and takes no memory for what a chunk merely claims to hold.
struct PngDecoder::State {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::jmp_buf jump;
    std::array<char, 256> message{};
    std::string name;
    std::span<const uint8_t> file;
    std::size_t rest = 0;  // bytes of the file from the image data on
    bool has_header = false, ended = false;
    ExifOrientation orientation = ExifOrientation::upright;
    int64_t height = 0, width = 0, channels = 0;  // as stored
    std::vector<uint8_t> pixels;                  // [height, width, channels]

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { png_destroy_read_struct(&png, &info, nullptr); }

    static State& of(png_structp png) { return *static_cast<State*>(png_get_progressive_ptr(png)); }

    [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
        State& state = *static_cast<State*>(png_get_error_ptr(png));
        std::snprintf(state.message.data(), state.message.size(), "%s", text);
        std::longjmp(state.jump, 1);
    }

    static void on_warning(png_structp /*png*/, png_const_charp /*text*/) {}

    [[noreturn]] void fail(const char* what) const {
        throw UserError(fmt::format("cannot read the image {}: {}", name, what));
    }

    /// All to 8 bits, palettes to colours, transparency of any kind to alpha.
    static void on_header(png_structp png, png_infop info) {
        State& state = of(png);
        png_set_expand(png);
        png_set_strip_16(png);
        png_set_interlace_handling(png);
        png_read_update_info(png, info);
        state.height = png_get_image_height(png, info);
        state.width = png_get_image_width(png, info);
        state.channels = png_get_channels(png, info);
        state.has_header = true;
        state.rest = png_process_data_pause(png, 0);
    }

    static void on_row(png_structp png, png_bytep values, png_uint_32 row, int /*pass*/) {
        State& state = of(png);
        if (values == nullptr) return;
        png_progressive_combine_row(png, state.pixels.data() + static_cast<int64_t>(row) * state.width * state.channels,
                                    values);
    }

    static void on_end(png_structp png, png_infop /*info*/) { of(png).ended = true; }

    void read_header() {
        if (setjmp(jump) != 0) fail(message.data());
        png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
        if (png != nullptr) info = png_create_info_struct(png);
        if (info == nullptr) fail("libpng does not start");
        // Of what is not needed, only the check sums are looked at: compressed texts and profiles are not unpacked.
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
        png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
        png_set_progressive_read_fn(png, this, on_header, on_row, on_end);
        give(file);
    }

    void read_rows() {
        if (setjmp(jump) != 0) fail(message.data());
        give(file.last(rest));
    }

    void give(std::span<const uint8_t> bytes) {
        png_process_data(png, info, const_cast<png_bytep>(bytes.data()), bytes.size());
    }

    bool has_all_rows() const {
        return png_get_interlace_type(png, info) == PNG_INTERLACE_NONE
                   ? static_cast<int64_t>(png_get_current_row_number(png)) >= height
                   : png_get_current_pass_number(png) >= 7;
    }

    /// Turns the pixels, in place, into `kept` channels without alpha.
    void flatten(int64_t kept) {
        const bool has_alpha = channels % 2 == 0;
        const int64_t colours = has_alpha ? channels - 1 : channels;
        if (!has_alpha && colours == kept) return;
        uint8_t* target = pixels.data();
        for (uint8_t *pixel = target, *end = target + pixels.size(); pixel != end; pixel += channels) {
            if (has_alpha) {
                const uint32_t alpha = pixel[colours];
                for (int64_t c = 0; c < colours; ++c) pixel[c] = on_white(pixel[c], alpha);
            }
            if (kept < colours) {
                *target++ = luma(pixel[0], pixel[1], pixel[2]);
            } else {
                for (int64_t c = 0; c < colours; ++c) *target++ = pixel[c];
            }
        }
    }

    static uint8_t on_white(uint32_t value, uint32_t alpha) {
        const uint32_t sum = value * alpha + 255 * (255 - alpha) + 128;
        return static_cast<uint8_t>((sum + (sum >> 8)) >> 8);
    }
};

PngDecoder::PngDecoder(std::span<const uint8_t> file, std::string name) : state_(std::make_unique<State>()) {
    state_->name = std::move(name);
    state_->file = file;
    state_->orientation = png_orientation(file);
    state_->read_header();
    if (!state_->has_header) state_->fail("it is cut short");
}

PngDecoder::~PngDecoder() = default;

int64_t PngDecoder::height() const {
    return turns_sides(state_->orientation) ? state_->width : state_->height;
}

int64_t PngDecoder::width() const {
    return turns_sides(state_->orientation) ? state_->height : state_->width;
}

PixelView PngDecoder::decode(int64_t channels) {
    State& state = *state_;
    state.pixels.resize(static_cast<std::size_t>(state.height * state.width * state.channels));
    state.read_rows();
    if (!state.ended) state.fail("it is cut short");
    if (!state.has_all_rows()) state.fail("it has fewer rows than it declares");
    const int64_t kept = std::min<int64_t>(channels, state.channels >= 3 ? 3 : 1);
    state.flatten(kept);
    PixelView view = PixelView::interleaved(state.pixels.data(), {kept, state.height, state.width});
    if (kept < channels) view.channel_stride = 0;
    return oriented(view, state.orientation);
}

}  // namespace heed
