#include "heed/trainers/record/event_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "heed/core/error.h"
#include "heed/core/files/mapped_file.h"
#include "heed/core/files/system_error.h"
#include "heed/trainers/record/metrics_reader.h"

namespace heed {

namespace {

// A record: length (8 bytes), masked CRC of those 8, the message, masked CRC of the message; all little-endian.
constexpr size_t head_bytes = 12, tail_bytes = 4;

constexpr std::array<uint32_t, 256> make_crc_table() {
    constexpr uint32_t polynomial = 0x82f63b78;  // reflected
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        table[byte] = crc;
    }
    return table;
}

constexpr std::array<uint32_t, 256> crc_table = make_crc_table();

std::span<const unsigned char> bytes_of(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

uint32_t masked_crc(std::string_view text) {
    const uint32_t crc = crc32c(bytes_of(text));
    return std::rotr(crc, 15) + 0xa282ead8U;
}

void append_fixed(std::string& text, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255);
}

uint64_t read_fixed(std::string_view text, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) {
        value |= static_cast<uint64_t>(static_cast<unsigned char>(text[static_cast<size_t>(i)])) << (8 * i);
    }
    return value;
}

void append_varint(std::string& text, uint64_t value) {
    for (; value >= 128; value >>= 7) text += static_cast<char>((value & 127) | 128);
    text += static_cast<char>(value);
}

// Fields of the protocol buffers: (number << 3) | kind, with the kinds varint, 8 bytes, length and bytes, 4 bytes.
enum class Wire : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void append_key(std::string& text, int field, Wire wire) {
    append_varint(text, static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire));
}

void append_bytes(std::string& text, int field, std::string_view bytes) {
    append_key(text, field, Wire::bytes);
    append_varint(text, bytes.size());
    text += bytes;
}

/// The start of an Event: wall_time = 1 (double), step = 2 (int64).
std::string begin_event(int64_t step) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    std::string event;
    append_key(event, 1, Wire::fixed64);
    append_fixed(event, std::bit_cast<uint64_t>(std::chrono::duration<double>(now).count()), 8);
    append_key(event, 2, Wire::varint);
    append_varint(event, static_cast<uint64_t>(step));
    return event;
}

/// The step of an event that begin_event has begun.
std::optional<int64_t> step_of(std::string_view event) {
    constexpr size_t at = 9;  // behind the time
    if (event.size() <= at + 1 || event[0] != 0x09 || event[at] != 0x10) return std::nullopt;
    uint64_t step = 0;
    for (size_t i = at + 1, shift = 0; i < event.size() && shift < 64; ++i, shift += 7) {
        const auto byte = static_cast<unsigned char>(event[i]);
        step |= static_cast<uint64_t>(byte & 127) << shift;
        if (byte < 128) return static_cast<int64_t>(step);
    }
    return std::nullopt;
}

/// The group of the scalar in an event that `scalar` has written: "test" of "test/loss"; empty for another event.
std::string_view group_of(std::string_view event) {
    size_t at = 10;  // behind time and key of the step
    while (at < event.size() && static_cast<unsigned char>(event[at]) >= 128) ++at;
    // Keys and lengths of summary, value and tag, each a byte: tags are short.
    constexpr size_t keys = 6;
    if (event.size() < at + 1 + keys || event[at + 1] != 0x2a) return {};
    const std::string_view tag = event.substr(at + 1 + keys, static_cast<unsigned char>(event[at + keys]));
    return tag.substr(0, tag.find('/'));
}

/// Bytes of the file up to the first event that is later than `step`, damaged or not whole.
size_t bytes_to_keep(const std::string& path, int64_t step, bool drop_end) {
    struct stat status;
    if (step == 0 || stat(path.c_str(), &status) != 0 || status.st_size == 0) return 0;
    const MappedFile file(path);
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    size_t at = 0;
    size_t end = std::string::npos;  // where the events of the run's end begin, when they stand last
    while (text.size() - at > head_bytes + tail_bytes) {
        const std::string_view head = text.substr(at, head_bytes);
        const uint64_t length = read_fixed(head, 8);
        if (read_fixed(head.substr(8), 4) != masked_crc(head.substr(0, 8))) break;
        if (length > text.size() - at - head_bytes - tail_bytes) break;
        const std::string_view event = text.substr(at + head_bytes, length);
        if (read_fixed(text.substr(at + head_bytes + length), 4) != masked_crc(event)) break;
        const std::optional<int64_t> of_event = step_of(event);
        if (!of_event || *of_event > step) break;
        if (!is_of_run_end(group_of(event))) {
            end = std::string::npos;
        } else if (end == std::string::npos) {
            end = at;
        }
        at += head_bytes + length + tail_bytes;
    }
    return drop_end && end != std::string::npos ? end : at;
}

}  // namespace

uint32_t crc32c(std::span<const unsigned char> bytes) {
    uint32_t crc = 0xffffffff;
    for (const unsigned char byte : bytes) crc = (crc >> 8) ^ crc_table[(crc ^ byte) & 255];
    return ~crc;
}

EventFile::EventFile(const std::string& path, int64_t step, bool drop_end) : path_(path) {
    const size_t kept = bytes_to_keep(path, step, drop_end);
    descriptor_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0) throw_system_error("cannot write " + path, errno);
    try {
        if (ftruncate(descriptor_, static_cast<off_t>(kept)) != 0) {
            throw Error("cannot shorten " + path + ": " + std::strerror(errno));
        }
        if (kept > 0) return;
        std::string event = begin_event(0);
        append_bytes(event, 3, "brain.Event:2");  // file_version = 3
        record(event);
    } catch (...) {
        close(descriptor_);
        throw;
    }
}

EventFile::~EventFile() {
    close(descriptor_);
}

void EventFile::scalar(std::string_view tag, int64_t step, double value) {
    std::string number, summary, event = begin_event(step);
    append_bytes(number, 1, tag);  // Summary.Value: tag = 1, simple_value = 2 (float)
    append_key(number, 2, Wire::fixed32);
    append_fixed(number, std::bit_cast<uint32_t>(static_cast<float>(value)), 4);
    append_bytes(summary, 1, number);  // Summary: value = 1
    append_bytes(event, 5, summary);   // Event: summary = 5
    record(event);
}

void EventFile::record(const std::string& message) {
    std::string text;
    append_fixed(text, message.size(), 8);
    append_fixed(text, masked_crc(text), 4);
    text += message;
    append_fixed(text, masked_crc(message), 4);
    const char* next = text.data();
    const char* const end = next + text.size();
    while (next < end) {
        const ssize_t written = ::write(descriptor_, next, static_cast<size_t>(end - next));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
        next += written;
    }
}

}  // namespace heed
