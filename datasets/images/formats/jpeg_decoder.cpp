#include "heed/datasets/images/formats/jpeg_decoder.h"

// jpeglib.h needs size_t and FILE.
#include <cstddef>
#include <cstdio>

#include <fmt/core.h>
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/exif.h"
#include "heed/datasets/images/formats/luma.h"

namespace heed {

namespace {

constexpr int most_scans = 100;  // usual encoders write about ten

}  // namespace

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
    std::vector<uint8_t> row;  // of inks, or of colours that become grey
    jpeg_progress_mgr progress{};

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

    /// Each scan of a progressive file is a pass over the whole image, so that a small file of many takes long.
    static void on_progress(j_common_ptr jpeg) {
        if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= most_scans) return;
        State& state = of(jpeg);
        std::snprintf(state.message.data(), state.message.size(), "expected at most %d scans, got more", most_scans);
        std::longjmp(state.jump, 1);
    }

    [[noreturn]] void fail() const {
        throw UserError(fmt::format("cannot read the image {}: {}", name, message.data()));
    }

    void read_header(std::span<const uint8_t> file) {
        if (setjmp(jump) != 0) fail();
        jpeg_create_decompress(&jpeg);
        jpeg.client_data = this;
        progress.progress_monitor = on_progress;
        jpeg.progress = &progress;
        jpeg_mem_src(&jpeg, file.data(), static_cast<unsigned long>(file.size()));
        jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
        jpeg_read_header(&jpeg, TRUE);
    }

    bool is_cmyk() const { return jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK; }

    void start(int64_t reduction) {
        if (setjmp(jump) != 0) fail();
        jpeg.scale_num = 1;
        jpeg.scale_denom = static_cast<unsigned int>(reduction);
        const bool grey = jpeg.jpeg_color_space == JCS_GRAYSCALE;
        jpeg.out_color_space = is_cmyk() ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_start_decompress(&jpeg);
    }

    /// Channels in memory: grey stays one, whatever is wanted.
    int64_t kept(int64_t channels) const { return std::min<int64_t>(channels, jpeg.output_components); }

    void read_rows(int64_t channels) {
        if (setjmp(jump) != 0) fail();
        const bool changes = is_cmyk() || channels < jpeg.output_components;
        while (jpeg.output_scanline < jpeg.output_height) {
            uint8_t* target = pixels.data() + static_cast<int64_t>(jpeg.output_scanline) * jpeg.output_width * channels;
            JSAMPROW destination = changes ? row.data() : target;
            jpeg_read_scanlines(&jpeg, &destination, 1);
            if (is_cmyk()) colours_of_inks();
            if (changes) take_row(target, channels);
        }
        jpeg_finish_decompress(&jpeg);
    }

    /// Adobe's programs, which wrote nearly all of these files, store the inks inverted; Pillow takes all as theirs.
    void colours_of_inks() {
        for (std::size_t x = 0; x < jpeg.output_width; ++x) {
            const uint8_t* inks = row.data() + 4 * x;
            const uint8_t black = inks[3];
            uint8_t* target = row.data() + 3 * x;
            for (int c = 0; c < 3; ++c) {
                target[c] = static_cast<uint8_t>(black - byte_product(255U - inks[c], black));
            }
        }
    }

    void take_row(uint8_t* target, int64_t channels) const {
        const uint8_t* colours = row.data();
        for (std::size_t x = 0; x < jpeg.output_width; ++x, colours += 3) {
            if (channels == 1) {
                *target++ = luma(colours[0], colours[1], colours[2]);
            } else {
                for (int c = 0; c < 3; ++c) *target++ = colours[c];
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
    App1Orientation app1;
    for (const jpeg_marker_struct* marker = state.jpeg.marker_list; marker != nullptr; marker = marker->next) {
        if (marker->marker == JPEG_APP0 + 1) app1.add({marker->data, marker->data_length});
    }
    state.orientation = app1.orientation();
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
    state.start(reduction);
    const ImageShape shape{state.kept(channels), state.jpeg.output_height, state.jpeg.output_width};
    state.pixels.resize(static_cast<std::size_t>(shape.pixels()));
    state.row.resize(4 * static_cast<std::size_t>(shape.width));
    state.read_rows(shape.channels);
    PixelView view = PixelView::interleaved(state.pixels.data(), shape);
    if (shape.channels < channels) view.channel_stride = 0;
    return oriented(view, state.orientation);
}

}  // namespace heed
