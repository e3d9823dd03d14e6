#include "heed/trainers/record/metrics_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"

namespace heed {
namespace {

template <class T>
void append_number(std::string& line, T value) {
    char digits[32];
    const auto result = std::to_chars(digits, digits + sizeof digits, value);
    line.append(digits, result.ptr);
}

void append_text(std::string& line, std::string_view text) {
    constexpr char hexadecimal[] = "0123456789abcdef";
    line += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (byte < 0x20) {
            line += "\\u00";
            line += hexadecimal[byte >> 4];
            line += hexadecimal[byte & 15];
        } else {
            line += c;
        }
    }
    line += '"';
}

struct AppendValue {
    std::string& line;

    void operator()(int64_t value) const { append_number(line, value); }
    void operator()(double value) const {
        if (std::isfinite(value)) {
            const size_t begin = line.size();
            append_number(line, value);
            // Readers of JSON tell whole from floating-point numbers by their form.
            if (line.find_first_of(".e", begin) == std::string::npos) line += ".0";
        } else {
            line += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
        }
    }
    void operator()(bool value) const { line += value ? "true" : "false"; }
    void operator()(std::string_view value) const { append_text(line, value); }
};

}  // namespace

MetricsLog::MetricsLog(const std::string& path, Mode mode) : path_(path) {
    const int truncate = mode == Mode::start_new ? O_TRUNC : 0;
    descriptor_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | truncate, 0666);
    if (descriptor_ < 0) throw_system_error("cannot write " + path, errno);
}

MetricsLog::~MetricsLog() {
    close(descriptor_);
}

void MetricsLog::write(std::string_view event, std::span<const MetricsField> fields) {
    line_ = "{\"event\":";
    append_text(line_, event);
    for (const MetricsField& field : fields) {
        line_ += ',';
        append_text(line_, field.name);
        line_ += ':';
        std::visit(AppendValue{line_}, field.value);
    }
    line_ += "}\n";
    const char* next = line_.data();
    const char* const end = next + line_.size();
    while (next < end) {
        const ssize_t written = ::write(descriptor_, next, static_cast<size_t>(end - next));
        if (written < 0) {
            if (errno == EINTR) continue;
            throw Error("cannot write " + path_ + ": " + std::strerror(errno));
        }
        next += written;
    }
}

void MetricsLog::sync() {
    if (fsync(descriptor_) != 0 && errno != EINVAL) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
}

}  // namespace heed
