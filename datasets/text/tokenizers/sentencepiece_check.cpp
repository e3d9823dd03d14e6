#include "heed/datasets/text/tokenizers/sentencepiece_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "heed/datasets/text/tokenizers/utf8.h"

namespace heed {

namespace {

/// A field of a protocol buffer.
struct WireField {
    uint64_t number = 0;
    uint64_t type = 0;       // 0: varint, 1: 8 bytes, 2: bytes with their length, 5: 4 bytes
    uint64_t value = 0;      // of types 0, 1 and 5
    std::string_view bytes;  // of type 2
};

/// Reads the fields of a message one after the other.
class WireReader {
public:
    explicit WireReader(std::string_view message) : rest_(message) {}

    /// Nothing at the end, or where the message is damaged.
    std::optional<WireField> next() {
        if (rest_.empty() || damaged_) return std::nullopt;
        WireField field;
        const uint64_t tag = varint();
        field.number = tag >> 3;
        field.type = tag & 7;
        if (field.type == 0) {
            field.value = varint();
        } else if (field.type == 1 || field.type == 5) {
            const std::string_view number = take(field.type == 1 ? 8 : 4);
            if (!damaged_) std::memcpy(&field.value, number.data(), number.size());
        } else if (field.type == 2) {
            field.bytes = take(varint());
        } else {
            damaged_ = true;
        }
        if (field.number == 0) damaged_ = true;
        if (damaged_) return std::nullopt;
        return field;
    }

    bool damaged() const { return damaged_; }

private:
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        damaged_ = true;
        return 0;
    }

    std::string_view take(uint64_t size) {
        if (size > rest_.size()) {
            damaged_ = true;
            return {};
        }
        const std::string_view bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return bytes;
    }

    std::string_view rest_;
    bool damaged_ = false;
};

std::string piece_problem(std::string_view message, int64_t number) {
    std::string_view piece;
    float score = 0;
    uint64_t type = 1;
    WireReader reader(message);
    while (const auto field = reader.next()) {
        if (field->number == 1 && field->type == 2) piece = field->bytes;
        if (field->number == 2 && field->type == 5) std::memcpy(&score, &field->value, sizeof score);
        if (field->number == 3 && field->type == 0) type = field->value;
    }
    if (reader.damaged()) return fmt::format("piece {} is no message", number);
    if (piece.empty()) return fmt::format("piece {} is empty", number);
    if (const std::string problem = text_problem(piece); !problem.empty()) {
        return fmt::format("piece {} holds {}", number, problem);
    }
    if (!std::isfinite(score)) return fmt::format("the score of piece {} is not a number", number);
    if (type < 1 || type > 6) return fmt::format("piece {} has the unknown type {}", number, type);
    return "";
}

/// The units of a double array of Darts-clone.
class DoubleArray {
public:
    explicit DoubleArray(std::string_view bytes) : units_(bytes.size() / sizeof(uint32_t)) {
        if (!units_.empty()) std::memcpy(units_.data(), bytes.data(), units_.size() * sizeof(uint32_t));
    }

    /// Whether every walk from the root stays inside, ends, passes at most `most_values` values, and finds only values
    /// for which `is_value` holds.
    template <class IsValue>
    bool is_sound(int64_t most_values, IsValue&& is_value) const {
        if (units_.empty()) return false;
        // For each unit: what is not looked at yet, what is on the way to the present one, or the most values below it.
        constexpr int64_t unknown = -1, on_the_way = -2;
        std::vector<int64_t> values(units_.size(), unknown);
        struct Step {
            std::size_t place;
            uint32_t next_byte;
            int64_t most_below;
        };
        std::vector<Step> way;
        const auto enter = [&](std::size_t place) {
            values[place] = on_the_way;
            way.push_back({place, 1, 0});
            return (base(place) | 0xff) < units_.size();
        };
        if (!enter(0)) return false;
        while (!way.empty()) {
            Step& step = way.back();
            const std::size_t children = base(step.place);
            std::size_t child = 0;
            for (; step.next_byte < 256; ++step.next_byte) {
                child = children ^ step.next_byte;
                if ((units_[child] & (0x80000000U | 0xffU)) == step.next_byte) break;
            }
            if (step.next_byte < 256) {
                if (values[child] == on_the_way) return false;  // a circle
                if (values[child] == unknown) {
                    if (!enter(child)) return false;
                    continue;
                }
                step.most_below = std::max(step.most_below, values[child]);
                ++step.next_byte;
                continue;
            }
            const bool has_value = step.place != 0 && ((units_[step.place] >> 8) & 1) != 0;
            if (has_value && !is_value(units_[children] & 0x7fffffffU)) return false;
            values[step.place] = step.most_below + (has_value ? 1 : 0);
            if (values[step.place] > most_values) return false;
            way.pop_back();
        }
        return true;
    }

private:
    /// Where the children of a unit begin; its own value is there.
    std::size_t base(std::size_t place) const {
        const uint32_t unit = units_[place];
        return place ^ ((unit >> 10) << ((unit & (1U << 9)) >> 6));
    }

    std::vector<uint32_t> units_;
};

/// Of the rules of a NormalizerSpec: the size of the double array, the array, the replacement texts with a NUL behind
/// each.
std::string rules_problem(std::string_view rules) {
    constexpr int64_t most_matches = 32;  // for which the library has room
    if (rules.empty()) return "";
    uint32_t size = 0;
    if (rules.size() <= sizeof size) return "the rules of normalisation are cut short";
    std::memcpy(&size, rules.data(), sizeof size);
    rules.remove_prefix(sizeof size);
    if (size >= rules.size() || size % sizeof(uint32_t) != 0) return "the rules of normalisation are cut short";
    const std::string_view texts = rules.substr(size);
    std::string as_lines(texts);
    std::replace(as_lines.begin(), as_lines.end(), '\0', '\n');
    if (texts.back() != '\0' || !text_problem(as_lines).empty()) return "the texts of the normalisation are damaged";
    const bool sound = DoubleArray(rules.substr(0, size)).is_sound(most_matches, [&](uint32_t place) {
        return place < texts.size() && (static_cast<unsigned char>(texts[place]) & 0xc0U) != 0x80U;
    });
    return sound ? "" : "the rules of normalisation lead outside of their memory";
}

std::string normaliser_problem(std::string_view message) {
    WireReader reader(message);
    while (const auto field = reader.next()) {
        if (field->number != 2 || field->type != 2) continue;
        if (const std::string problem = rules_problem(field->bytes); !problem.empty()) return problem;
    }
    return reader.damaged() ? "the normalisation is no message" : "";
}

}  // namespace

std::string sentencepiece_problem(std::string_view model) {
    int64_t pieces = 0;
    WireReader reader(model);
    while (const auto field = reader.next()) {
        std::string problem;
        if (field->number == 1) {
            problem = field->type == 2 ? piece_problem(field->bytes, ++pieces) : "a piece is no message";
        } else if ((field->number == 3 || field->number == 5) && field->type == 2) {
            problem = normaliser_problem(field->bytes);
        }
        if (!problem.empty()) return problem;
    }
    if (reader.damaged()) return "it is no protocol buffer or is cut short";
    return pieces == 0 ? "it has no pieces" : "";
}

}  // namespace heed
