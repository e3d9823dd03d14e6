#include "heed/tests/trainers/metrics/bleu_cases.h"

#include <cstdlib>
#include <stdexcept>

#include "heed/tests/support/text_file.h"

namespace heed::test {

namespace {

/// Characters up to U+00FF as bytes.
std::string bytes_of(const std::string& utf8) {
    std::string bytes;
    for (size_t i = 0; i < utf8.size(); ++i) {
        const auto lead = static_cast<unsigned char>(utf8[i]);
        bytes.push_back(lead < 0x80 ? utf8[i] : static_cast<char>((lead & 0x03) << 6 | (utf8[++i] & 0x3F)));
    }
    return bytes;
}

}  // namespace

nlohmann::json read_bleu_cases() {
    const char* source = std::getenv("HEED_SOURCE_DIR");
    if (!source) throw std::runtime_error("HEED_SOURCE_DIR does not name the source folder");
    return nlohmann::json::parse(read_text(std::string(source) + "/tests/trainers/metrics/bleu_cases.json"));
}

BleuTexts bleu_texts(const nlohmann::json& stored) {
    BleuTexts texts{stored.at("hypotheses"), stored.at("references")};
    if (!stored.at("bytes").get<bool>()) return texts;
    for (std::string& text : texts.hypotheses) text = bytes_of(text);
    for (auto& references : texts.references) {
        for (std::string& text : references) text = bytes_of(text);
    }
    return texts;
}

}  // namespace heed::test
