#include "heed/tests/support/archives.h"

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "heed/tests/support/idx_files.h"

namespace heed::test {
namespace {

void put(std::string& block, size_t at, const std::string& text) {
    block.replace(at, text.size(), text);
}

std::string octal(size_t value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%0*zo", digits, value);
    return text;
}

std::string little_endian(uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
}

}  // namespace

std::string tar(const std::vector<ArchiveEntry>& entries) {
    std::string result;
    for (const ArchiveEntry& entry : entries) {
        if (entry.name.size() > 99) throw std::invalid_argument("the name is too long for this tar");
        std::string header(512, '\0');
        put(header, 0, entry.name);
        put(header, 100, "0000755");
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, octal(entry.content.size(), 11));
        put(header, 136, "00000000000");
        put(header, 148, "        ");
        header[156] = entry.type;
        put(header, 157, entry.link);
        put(header, 257, "ustar");
        put(header, 263, "00");
        size_t sum = 0;
        for (const char c : header) sum += static_cast<unsigned char>(c);
        put(header, 148, octal(sum, 6));
        header[154] = '\0';
        result += header + entry.content;
        result.append((512 - entry.content.size() % 512) % 512, '\0');
    }
    return result + std::string(1024, '\0');
}

std::string gzip(const std::string& text) {
    const Bytes bytes = gzip_bytes(Bytes(text.begin(), text.end()));
    return {bytes.begin(), bytes.end()};
}

std::string zip(const std::vector<ArchiveEntry>& entries) {
    std::string result, directory;
    for (const ArchiveEntry& entry : entries) {
        const auto size = static_cast<uInt>(entry.content.size());
        const uint64_t check = crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()), size);
        // version, flags, method, time, date (1980-01-01), checksum, sizes, length of the name, of the extra field
        const std::string common = little_endian(20, 2) + little_endian(0, 2) + little_endian(0, 2) +
                                   little_endian(0, 2) + little_endian(33, 2) + little_endian(check, 4) +
                                   little_endian(size, 4) + little_endian(size, 4) +
                                   little_endian(entry.name.size(), 2) + little_endian(0, 2);
        directory += "PK\1\2" + little_endian(20, 2) + common + little_endian(0, 2) + little_endian(0, 2) +
                     little_endian(0, 2) + little_endian(0, 4) + little_endian(result.size(), 4) + entry.name;
        result += "PK\3\4" + common + entry.name + entry.content;
    }
    const std::string end = "PK\5\6" + little_endian(0, 4) + little_endian(entries.size(), 2) +
                            little_endian(entries.size(), 2) + little_endian(directory.size(), 4) +
                            little_endian(result.size(), 4) + little_endian(0, 2);
    return result + directory + end;
}

}  // namespace heed::test
