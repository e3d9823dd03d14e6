#include "heed/trainers/report/text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace heed {

namespace {

/// Bytes of a character of several bytes that `text` begins with and that controls (U+0080 to U+009F) or turns the
/// direction of all that follows (embeddings, overrides, isolates); 0 where it begins with another.
size_t control_bytes(std::string_view text) {
    const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return 2;
    if (byte(0) != 0xe2) return 0;
    const bool embeds = byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae;
    const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
    return embeds || isolates ? 3 : 0;
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (size_t place = 0; place < text.size(); ++place) {
        const char c = text[place];
        const auto byte = static_cast<unsigned char>(c);
        if (const size_t bytes = control_bytes(text.substr(place)); bytes > 0) {
            escaped += "\xef\xbf\xbd";
            place += bytes - 1;
        } else if (c == '&') {
            escaped += "&amp;";
        } else if (c == '<') {
            escaped += "&lt;";
        } else if (c == '>') {
            escaped += "&gt;";
        } else if (c == '"') {
            escaped += "&quot;";
        } else if (c == '\'') {
            escaped += "&#39;";
        } else if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
            escaped += "\xef\xbf\xbd";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

std::string group_digits(int64_t number) {
    std::string digits = std::to_string(number);
    const size_t sign = number < 0 ? 1 : 0;
    for (size_t at = digits.size(); at > sign + 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string percent_text(double fraction, int decimals) {
    if (!std::isfinite(fraction)) return "not a number";
    const auto text = [decimals](double percent) { return fmt::format("{:.{}f} %", percent, decimals); };
    const bool looks_whole = fraction < 1.0 && text(100.0 * fraction) == text(100.0);
    return looks_whole ? "over " + text(100.0 - std::pow(10.0, -decimals)) : text(100.0 * fraction);
}

std::string duration_text(double seconds) {
    if (!(seconds >= 0.0 && seconds < 1e12)) return "unknown";
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    const int64_t whole = std::llround(seconds);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", group_digits(whole / 3600), whole % 3600 / 60);
}

std::string short_time_text(double seconds) {
    const double micro = 1e6 * seconds;
    if (micro < 1000.0) return fmt::format("{:.{}f} us", micro, micro < 10.0 ? 2 : micro < 100.0 ? 1 : 0);
    const double milli = 1e3 * seconds;
    if (milli < 1000.0) return fmt::format("{:.{}f} ms", milli, milli < 10.0 ? 2 : milli < 100.0 ? 1 : 0);
    return duration_text(seconds);
}

std::string bytes_text(int64_t bytes) {
    constexpr std::array units = {"B", "kB", "MB", "GB", "TB"};
    auto size = static_cast<double>(bytes);
    size_t unit = 0;
    while (size >= 999.5 && unit + 1 < units.size()) {
        size /= 1000.0;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", size, unit > 0 && size < 9.95 ? 1 : 0, units[unit]);
}

std::string base64(std::span<const uint8_t> bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t at = 0; at < bytes.size(); at += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - at);
        uint32_t group = 0;
        for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? bytes[at + i] : 0U);
        for (size_t i = 0; i < 4; ++i) text += i <= count ? alphabet[group >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}

}  // namespace heed
