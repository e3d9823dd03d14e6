#include "heed/datasets/files/byte_reader.h"

#include <fmt/core.h>
#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"

namespace heed {

namespace {

constexpr std::size_t buffer_size = 256 * 1024;
constexpr uint64_t growth_step = 16 * 1024 * 1024;
constexpr uint64_t trusted_size = 64 * 1024 * 1024;
constexpr int gzip_window_bits = 15 + 16;
constexpr uint64_t most_xz_memory = 512 * 1024 * 1024;

bool begins_with(const std::vector<uint8_t>& buffer, std::size_t size, std::initializer_list<uint8_t> magic) {
    return size >= magic.size() && std::equal(magic.begin(), magic.end(), buffer.begin());
}

}  // namespace

/// A compressed format. A file may hold several members one after another; anything else after the first is damage.
class ByteReader::Unpacker {
public:
    virtual ~Unpacker() = default;

    virtual const char* format() const = 0;
    /// No file of the format unpacks to more than this many times its size.
    virtual uint64_t largest_ratio() const = 0;
    /// Gets ready for the next member.
    virtual void restart() = 0;
    /// Unpacks from the front of `input` to the front of `output` and takes both away; true at the end of a member.
    /// Throws std::bad_alloc, or Damage.
    virtual bool unpack(std::span<const uint8_t>& input, std::span<uint8_t>& output) = 0;

    struct Damage {
        std::string reason;
    };

    bool member_open = true;
};

class ByteReader::GzipUnpacker final : public Unpacker {
public:
    GzipUnpacker() {
        if (inflateInit2(&stream_, gzip_window_bits) != Z_OK) throw Error("zlib could not be initialised");
    }
    ~GzipUnpacker() override { inflateEnd(&stream_); }
    GzipUnpacker(const GzipUnpacker&) = delete;
    GzipUnpacker& operator=(const GzipUnpacker&) = delete;

    const char* format() const override { return "gzip"; }
    uint64_t largest_ratio() const override { return 1032; }
    void restart() override { inflateReset(&stream_); }
    bool unpack(std::span<const uint8_t>& input, std::span<uint8_t>& output) override {
        const auto room = static_cast<uInt>(std::min<std::size_t>(output.size(), std::numeric_limits<uInt>::max()));
        stream_.next_in = const_cast<Bytef*>(input.data());
        stream_.avail_in = static_cast<uInt>(input.size());
        stream_.next_out = output.data();
        stream_.avail_out = room;
        const int result = inflate(&stream_, Z_NO_FLUSH);
        input = input.last(stream_.avail_in);
        output = output.subspan(room - stream_.avail_out);
        if (result == Z_MEM_ERROR) throw std::bad_alloc();
        if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) {
            throw Damage{stream_.msg != nullptr ? stream_.msg : "unknown error of zlib"};
        }
        return result == Z_STREAM_END;
    }

private:
    z_stream stream_{};
};

class ByteReader::XzUnpacker final : public Unpacker {
public:
    XzUnpacker() { restart(); }
    ~XzUnpacker() override { lzma_end(&stream_); }
    XzUnpacker(const XzUnpacker&) = delete;
    XzUnpacker& operator=(const XzUnpacker&) = delete;

    const char* format() const override { return "xz"; }
    // 273 bytes for about 0.3 bits at the very best
    uint64_t largest_ratio() const override { return 16384; }
    void restart() override {
        if (lzma_stream_decoder(&stream_, most_xz_memory, 0) != LZMA_OK)
            throw Error("liblzma could not be initialised");
    }
    bool unpack(std::span<const uint8_t>& input, std::span<uint8_t>& output) override {
        stream_.next_in = input.data();
        stream_.avail_in = input.size();
        stream_.next_out = output.data();
        stream_.avail_out = output.size();
        const lzma_ret result = lzma_code(&stream_, LZMA_RUN);
        input = input.last(stream_.avail_in);
        output = output.last(stream_.avail_out);
        if (result == LZMA_MEM_ERROR) throw std::bad_alloc();
        if (result == LZMA_MEMLIMIT_ERROR) throw Damage{"it asks for more than 512 MiB of memory"};
        if (result != LZMA_OK && result != LZMA_BUF_ERROR && result != LZMA_STREAM_END) {
            throw Damage{"the data is corrupt"};
        }
        return result == LZMA_STREAM_END;
    }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

ByteReader::ByteReader(const std::filesystem::path& file) : name_(file.string()), buffer_(buffer_size) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (status.type() == std::filesystem::file_type::none) {
        throw UserError(fmt::format("the data file '{}' cannot be opened: {}", name_, error.message()));
    }
    if (!std::filesystem::exists(status)) {
        throw UserError(fmt::format("expected a data file at '{}', found none", name_));
    }
    if (!std::filesystem::is_regular_file(status)) {
        throw UserError(fmt::format("expected a data file at '{}', found something that is not a regular file", name_));
    }
    errno = 0;
    auto stream = std::make_unique<std::ifstream>(file, std::ios::binary);
    if (!*stream) {
        throw_system_error(fmt::format("the data file '{}' cannot be opened", name_), errno);
    }
    size_ = std::filesystem::file_size(file, error);
    if (error) {
        throw UserError(fmt::format("the size of the data file '{}' cannot be read: {}", name_, error.message()));
    }
    stream_ = std::move(stream);
    detect_compression();
}

ByteReader::ByteReader(std::unique_ptr<std::istream> stream, uint64_t size, std::string name)
    : name_(std::move(name)), size_(size), stream_(std::move(stream)), buffer_(buffer_size) {
    detect_compression();
}

ByteReader::~ByteReader() = default;

void ByteReader::detect_compression() {
    fill();
    if (begins_with(buffer_, end_, {0x1f, 0x8b})) {
        unpacker_ = std::make_unique<GzipUnpacker>();
    } else if (begins_with(buffer_, end_, {0xfd, '7', 'z', 'X', 'Z', 0})) {
        unpacker_ = std::make_unique<XzUnpacker>();
    }
}

std::size_t ByteReader::fill() {
    stream_->read(reinterpret_cast<char*>(buffer_.data()), static_cast<std::streamsize>(buffer_.size()));
    if (stream_->bad()) {
        throw Error(fmt::format("reading the data file '{}' failed: {}", name_, std::strerror(errno)));
    }
    begin_ = 0;
    end_ = static_cast<std::size_t>(stream_->gcount());
    return end_;
}

std::size_t ByteReader::read(std::span<uint8_t> target) {
    return unpacker_ ? read_compressed(target) : read_plain(target);
}

std::size_t ByteReader::read_plain(std::span<uint8_t> target) {
    std::size_t done = 0;
    while (done < target.size()) {
        if (begin_ == end_ && fill() == 0) {
            break;
        }
        const std::size_t count = std::min(target.size() - done, end_ - begin_);
        std::memcpy(target.data() + done, buffer_.data() + begin_, count);
        begin_ += count;
        done += count;
        position_ += count;
    }
    return done;
}

std::size_t ByteReader::read_compressed(std::span<uint8_t> target) {
    std::span<uint8_t> room = target;
    while (!room.empty()) {
        if (begin_ == end_ && fill() == 0) {
            if (unpacker_->member_open) {
                fail_compressed("the compressed data ends early");
            }
            break;
        }
        const std::size_t before = room.size();
        try {
            if (!unpacker_->member_open) {
                unpacker_->restart();
            }
            std::span<const uint8_t> input(buffer_.data() + begin_, end_ - begin_);
            unpacker_->member_open = !unpacker_->unpack(input, room);
            begin_ = end_ - input.size();
        } catch (const std::bad_alloc&) {
            throw Error(fmt::format("out of memory while unpacking '{}'", name_));
        } catch (const Unpacker::Damage& damage) {
            position_ += before - room.size();
            fail_compressed(damage.reason);
        }
        position_ += before - room.size();
    }
    return target.size() - room.size();
}

uint64_t ByteReader::read_into(std::vector<uint8_t>& values, uint64_t count) {
    values.clear();
    values.reserve(static_cast<std::size_t>(std::min(count, compressed() ? trusted_size : size_)));
    uint64_t done = 0;
    while (done < count) {
        const uint64_t step = std::min(count - done, std::max(growth_step, done));
        values.resize(static_cast<std::size_t>(done + step));
        const std::size_t got = read({values.data() + done, static_cast<std::size_t>(step)});
        done += got;
        if (got < step) {
            break;
        }
    }
    values.resize(static_cast<std::size_t>(done));
    return done;
}

uint64_t ByteReader::largest_size() const {
    if (!compressed()) {
        return size_;
    }
    constexpr uint64_t most = std::numeric_limits<uint64_t>::max();
    const uint64_t ratio = unpacker_->largest_ratio();
    return size_ > most / ratio ? most : size_ * ratio;
}

bool ByteReader::at_end() {
    uint8_t extra = 0;
    return read({&extra, 1}) == 0;
}

void ByteReader::fail_compressed(const std::string& reason) const {
    throw UserError(fmt::format("expected intact {} data in '{}', found damage after {} unpacked bytes: {}",
                                unpacker_->format(), name_, position_, reason));
}

}  // namespace heed
