#include "heed/tests/support/number_words.h"

#include <array>
#include <string_view>

namespace heed::test {

namespace {

template <size_t n>
std::string word(const std::array<std::string_view, n>& words, int64_t place) {
    return std::string(words.at(static_cast<size_t>(place)));
}

constexpr std::array<std::string_view, 20> english_small = {
    "zero", "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
    "ten",  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 10> english_tens = {"",      "",      "twenty",  "thirty", "forty",
                                                           "fifty", "sixty", "seventy", "eighty", "ninety"};

constexpr std::array<std::string_view, 30> spanish_small = {
    "cero",         "uno",         "dos",        "tres",        "cuatro",     "cinco",      "seis",      "siete",
    "ocho",         "nueve",       "diez",       "once",        "doce",       "trece",      "catorce",   "quince",
    "dieciséis",    "diecisiete",  "dieciocho",  "diecinueve",  "veinte",     "veintiuno",  "veintidós", "veintitrés",
    "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho", "veintinueve"};
constexpr std::array<std::string_view, 10> spanish_tens = {"",          "",        "",        "treinta", "cuarenta",
                                                           "cincuenta", "sesenta", "setenta", "ochenta", "noventa"};
constexpr std::array<std::string_view, 10> spanish_hundreds = {
    "",           "ciento",      "doscientos",  "trescientos", "cuatrocientos",
    "quinientos", "seiscientos", "setecientos", "ochocientos", "novecientos"};

/// "uno" at the end becomes "un" before "mil": "treinta y un mil", "veintiún mil".
std::string before_thousand(std::string text) {
    if (text.ends_with("veintiuno")) return text.replace(text.size() - 3, 3, "ún");
    if (text.ends_with("uno")) text.pop_back();
    return text;
}

}  // namespace

std::string english_number(int64_t number) {
    const auto with_rest = [](const std::string& text, int64_t rest) {
        return rest == 0 ? text : text + " " + english_number(rest);
    };
    if (number < 20) return word(english_small, number);
    if (number < 100) {
        const std::string ten = word(english_tens, number / 10);
        return number % 10 == 0 ? ten : ten + "-" + english_number(number % 10);
    }
    if (number < 1000) return with_rest(english_number(number / 100) + " hundred", number % 100);
    return with_rest(english_number(number / 1000) + " thousand", number % 1000);
}

std::string english_numbers(int64_t count) {
    std::string lines;
    for (int64_t number = 0; number < count; ++number) lines += english_number(number) + "\n";
    return lines;
}

std::string spanish_number(int64_t number) {
    const auto with_rest = [](const std::string& text, int64_t rest) {
        return rest == 0 ? text : text + " " + spanish_number(rest);
    };
    if (number < 30) return word(spanish_small, number);
    if (number < 100) {
        const std::string ten = word(spanish_tens, number / 10);
        return number % 10 == 0 ? ten : ten + " y " + spanish_number(number % 10);
    }
    if (number == 100) return "cien";
    if (number < 1000) return with_rest(word(spanish_hundreds, number / 100), number % 100);
    const int64_t thousands = number / 1000;
    return with_rest(thousands == 1 ? "mil" : before_thousand(spanish_number(thousands)) + " mil", number % 1000);
}

}  // namespace heed::test
