#include "heed/tests/attack/fuzz/mutator.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>

namespace heed::test {
namespace {

constexpr size_t most_bytes = 64 * 1024;

constexpr std::string_view telling_bytes("\x00\x01\x7f\x80\xff\n\r\t \"'\\{}[]:,;-&*!%#|<>=~", 30);

constexpr uint64_t telling_numbers[] = {0,
                                        1,
                                        2,
                                        0x7f,
                                        0xff,
                                        0x7fff,
                                        0xffff,
                                        0x10000,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        uint64_t{1} << 32,
                                        uint64_t{1} << 62,
                                        ~uint64_t{0} >> 1,
                                        uint64_t{1} << 63,
                                        ~uint64_t{0}};

constexpr std::string_view telling_digits[] = {"0",
                                               "-1",
                                               "1",
                                               "0.5",
                                               "1e999",
                                               "-0.0",
                                               "2147483647",
                                               "2147483648",
                                               "4294967296",
                                               "1000000000",
                                               "9223372036854775807",
                                               "18446744073709551616",
                                               "NaN",
                                               "null",
                                               "true",
                                               "\"\"",
                                               "[]",
                                               "{}"};

}  // namespace

Input Mutator::changed(const std::vector<Input>& inputs) {
    Input input = inputs[below(inputs.size())];
    const Input& other = inputs[below(inputs.size())];
    const size_t changes = 1 + below(5);
    for (size_t i = 0; i < changes; ++i) change(input, other);
    if (input.size() > most_bytes) input.resize(most_bytes);
    return input;
}

void Mutator::change(Input& input, const Input& other) {
    const size_t at = below(input.size() + 1);
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    const size_t rest = input.size() - at;
    const auto length = static_cast<std::ptrdiff_t>(below(1 + std::min<size_t>(rest, size_t{1} << below(12))));
    switch (below(11)) {
        case 0:
            if (rest > 0) *place ^= static_cast<uint8_t>(1 << below(8));
            break;
        case 1:
            if (rest > 0) *place = static_cast<uint8_t>(random_());
            break;
        case 2:
            if (rest > 0) *place = static_cast<uint8_t>(telling_bytes[below(telling_bytes.size())]);
            break;
        case 3:
            input.insert(place, static_cast<uint8_t>(telling_bytes[below(telling_bytes.size())]));
            break;
        case 4:
            put_number(input);
            break;
        case 5:
            put_digits(input);
            break;
        case 6:
            input.erase(place, place + length);
            break;
        case 7:
            input.resize(at);
            break;
        case 8: {  // a part once more, perhaps many times
            const Input part(place, place + length);
            Input many;
            for (size_t times = size_t{1} << below(7); times > 0 && many.size() < most_bytes; --times) {
                many.insert(many.end(), part.begin(), part.end());
            }
            const auto behind = input.begin() + static_cast<std::ptrdiff_t>(below(input.size() + 1));
            input.insert(behind, many.begin(), many.end());
            break;
        }
        default: {  // a part of another input, put in or over what was there
            const size_t from = below(other.size() + 1);
            const size_t count = below(1 + std::min<size_t>(other.size() - from, size_t{1} << below(12)));
            const Input part(other.begin() + static_cast<std::ptrdiff_t>(from),
                             other.begin() + static_cast<std::ptrdiff_t>(from + count));
            if (coin()) {
                input.insert(place, part.begin(), part.end());
            } else {
                std::copy_n(part.begin(), std::min(part.size(), rest), place);
            }
        }
    }
}

/// A number of one to eight bytes, in either order, replaced by another or by one a little larger or smaller.
void Mutator::put_number(Input& input) {
    const size_t bytes = size_t{1} << below(4);
    if (input.size() < bytes) return;
    uint8_t* const at = &input[below(input.size() - bytes + 1)];
    const bool little = coin();
    const auto byte = [&](size_t i) -> uint8_t& { return at[little ? i : bytes - 1 - i]; };
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; ++i) number |= uint64_t{byte(i)} << (8 * i);
    switch (below(4)) {
        case 0:
            number += 1 + below(16);
            break;
        case 1:
            number -= 1 + below(16);
            break;
        case 2:
            number = input.size() - below(16);
            break;
        default:
            number = telling_numbers[below(std::size(telling_numbers))];
    }
    for (size_t i = 0; i < bytes; ++i) byte(i) = static_cast<uint8_t>(number >> (8 * i));
}

/// A number written in digits becomes another value.
void Mutator::put_digits(Input& input) {
    const auto is_digit = [](uint8_t byte) { return std::isdigit(byte) != 0; };
    const auto start = input.begin() + static_cast<std::ptrdiff_t>(below(input.size() + 1));
    const auto begin = std::find_if(start, input.end(), is_digit);
    const auto end = std::find_if_not(begin, input.end(), is_digit);
    const std::string_view digits = telling_digits[below(std::size(telling_digits))];
    if (begin != end) input.insert(input.erase(begin, end), digits.begin(), digits.end());
}

}  // namespace heed::test
