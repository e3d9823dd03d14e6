#include "heed/datasets/images/formats/cifar_images.h"

#include <fmt/core.h>

#include <cstring>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/files/byte_reader.h"
#include "heed/datasets/images/image_key.h"

namespace heed {

namespace {

/// No official file has more records.
constexpr int64_t most_records = 50000;

class CifarImages final : public ImageSource {
public:
    CifarImages(CifarFormat format, std::vector<uint8_t> records)
        : format_(std::move(format)), records_(std::move(records)) {}

    int64_t size() const override { return static_cast<int64_t>(records_.size()) / format_.record_bytes(); }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return format_.class_names; }

    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        std::memcpy(pixels.data(), record(index) + format_.label_bytes, static_cast<std::size_t>(shape_.pixels()));
    }
    uint64_t content_key(int64_t index) const override {
        return byte_key({record(index) + format_.label_bytes, static_cast<std::size_t>(shape_.pixels())});
    }
    int32_t label(int64_t index) const override { return record(index)[format_.label]; }

private:
    const uint8_t* record(int64_t index) const { return records_.data() + index * format_.record_bytes(); }

    CifarFormat format_;
    ImageShape shape_{3, 32, 32};
    std::vector<uint8_t> records_;
};

std::vector<uint8_t> read_records(const CifarFormat& format, const std::filesystem::path& file, int64_t records) {
    const int64_t record = format.record_bytes();
    ByteReader reader(file);
    std::vector<uint8_t> bytes;
    const auto wanted = static_cast<uint64_t>((records > 0 ? records : most_records) * record);
    const uint64_t got = reader.read_into(bytes, wanted);
    const bool more = !reader.at_end();
    if (records > 0 && (got < wanted || more)) {
        throw UserError(fmt::format("expected {} bytes ({} records of {}) in '{}', found {}", wanted, records, record,
                                    reader.name(), more ? "more" : std::to_string(got)));
    }
    if (got == 0 || got % static_cast<uint64_t>(record) != 0 || more) {
        throw UserError(fmt::format("expected 1 to {} whole records of {} bytes in '{}', found {} bytes", most_records,
                                    record, reader.name(), more ? "more" : std::to_string(got)));
    }
    for (uint64_t place = 0; place < got; place += static_cast<uint64_t>(record)) {
        const uint8_t label = bytes[place + static_cast<uint64_t>(format.label)];
        if (label >= format.class_names.size()) {
            throw UserError(fmt::format("expected labels from 0 to {} in '{}', found {} at record {}",
                                        format.class_names.size() - 1, reader.name(), label,
                                        place / static_cast<uint64_t>(record)));
        }
    }
    return bytes;
}

}  // namespace

std::shared_ptr<const ImageSource> open_cifar_images(const CifarFormat& format,
                                                     const std::vector<std::filesystem::path>& files, int64_t records) {
    std::vector<uint8_t> all;
    for (const std::filesystem::path& file : files) {
        std::vector<uint8_t> some = read_records(format, file, records);
        if (files.size() == 1) {
            all = std::move(some);
        } else {
            all.reserve(files.size() * some.size());
            all.insert(all.end(), some.begin(), some.end());
        }
    }
    return std::make_shared<CifarImages>(format, std::move(all));
}

}  // namespace heed
