#include "heed/datasets/byte_reader.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <system_error>
#include <utility>

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr std::size_t buffer_size = 256 * 1024;
constexpr uint64_t growth_step = 16 * 1024 * 1024;
constexpr uint64_t trusted_size = 64 * 1024 * 1024;
constexpr uint64_t largest_deflate_ratio = 1032;
constexpr int gzip_window_bits = 15 + 16;

}  // namespace

struct ByteReader::Inflater {
    z_stream stream{};
    bool member_open = true;

    Inflater() {
        if (inflateInit2(&stream, gzip_window_bits) != Z_OK) {
            throw Error("zlib could not be initialised");
        }
    }
    ~Inflater() { inflateEnd(&stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
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
        throw UserError(fmt::format("the data file '{}' cannot be opened: {}", name_, std::strerror(errno)));
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
    if (end_ >= 2 && buffer_[0] == 0x1f && buffer_[1] == 0x8b) {
        inflater_ = std::make_unique<Inflater>();
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
    return inflater_ ? read_compressed(target) : read_plain(target);
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
    z_stream& stream = inflater_->stream;
    std::size_t done = 0;
    while (done < target.size()) {
        if (begin_ == end_ && fill() == 0) {
            if (inflater_->member_open) {
                fail_compressed("the compressed data ends early");
            }
            break;
        }
        if (!inflater_->member_open) {
            // A gzip file may hold several members one after another; anything else after the first is an error below.
            inflateReset(&stream);
            inflater_->member_open = true;
        }
        const std::size_t room = std::min<std::size_t>(target.size() - done, std::numeric_limits<uInt>::max());
        stream.next_in = buffer_.data() + begin_;
        stream.avail_in = static_cast<uInt>(end_ - begin_);
        stream.next_out = target.data() + done;
        stream.avail_out = static_cast<uInt>(room);
        const int result = inflate(&stream, Z_NO_FLUSH);
        begin_ = end_ - stream.avail_in;
        done += room - stream.avail_out;
        position_ += room - stream.avail_out;
        if (result == Z_STREAM_END) {
            inflater_->member_open = false;
        } else if (result == Z_MEM_ERROR) {
            throw Error(fmt::format("out of memory while unpacking '{}'", name_));
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            fail_compressed(stream.msg != nullptr ? stream.msg : "unknown error of zlib");
        }
    }
    return done;
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
    return size_ > std::numeric_limits<uint64_t>::max() / largest_deflate_ratio ? std::numeric_limits<uint64_t>::max()
                                                                                : size_ * largest_deflate_ratio;
}

bool ByteReader::at_end() {
    uint8_t extra = 0;
    return read({&extra, 1}) == 0;
}

void ByteReader::fail_compressed(const std::string& reason) const {
    throw UserError(fmt::format("expected intact gzip data in '{}', found damage after {} unpacked bytes: {}", name_,
                                position_, reason));
}

}  // namespace heed
