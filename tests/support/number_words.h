#pragma once

#include <cstdint>
#include <string>

namespace heed::test {

/// A whole number from 0 to 999,999 in English words: "one hundred one thousand twenty-one".
std::string english_number(int64_t number);

/// The numbers from 0 on, below `count`, a line each.
std::string english_numbers(int64_t count);

/// The same as english_number in Spanish, as it stands alone: "ciento un mil veintiuno".
std::string spanish_number(int64_t number);

}  // namespace heed::test
