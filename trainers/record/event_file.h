#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace heed {

/// CRC-32C (Castagnoli) of the bytes.
uint32_t crc32c(std::span<const unsigned char> bytes);

/// Writes scalars as TensorBoard reads them: TFRecords of `Event` messages, in a file whose name has "tfevents" in it.
///
/// Errors name the path and the system's reason: UserError when the file cannot be opened, Error when writing fails.
class EventFile {
public:
    /// Goes on with the file, after its events up to `step`; later ones are cut off, and so is a last one that is not
    /// whole. With `drop_end`, scalars of the end of a run (is_of_run_end) that then stand last go, too. What is no
    /// event file is begun anew, as is everything with step 0.
    EventFile(const std::string& path, int64_t step, bool drop_end = false);
    ~EventFile();
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;

    void scalar(std::string_view tag, int64_t step, double value);

private:
    void record(const std::string& message);

    std::string path_;
    int descriptor_ = -1;
};

}  // namespace heed
