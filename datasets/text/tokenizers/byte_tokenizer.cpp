#include "heed/datasets/text/tokenizers/byte_tokenizer.h"

#include <fmt/core.h>

#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

constexpr int64_t byte_values = 256;

class ByteTokenizer final : public Tokenizer {
public:
    std::string token(int32_t id) const override {
        if (id < 0 || id >= byte_values) throw Error(fmt::format("token id {} is not in the vocabulary", id));
        return id > ' ' && id < 0x7f ? std::string(1, static_cast<char>(id)) : fmt::format("<0x{:02X}>", id);
    }
    int64_t vocabulary_size() const override { return byte_values; }
    SpecialTokens special() const override { return {.pad = 0, .unknown = -1, .begin = -1, .end = -1}; }
    bool is_byte_level() const override { return true; }
    std::string kind() const override { return "byte"; }
    std::string serialized() const override { return std::string(byte_tokenizer_bytes); }

private:
    std::vector<int32_t> encode_valid(std::string_view text) const override {
        std::vector<int32_t> ids;
        ids.reserve(text.size());
        for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
        return ids;
    }

    std::string decode_plain(std::span<const int32_t> ids) const override {
        std::string text;
        for (const int32_t id : ids) text += static_cast<char>(id);
        return text;
    }
};

}  // namespace

std::unique_ptr<Tokenizer> load_byte_tokenizer(std::string_view bytes) {
    if (bytes != byte_tokenizer_bytes) {
        throw UserError(fmt::format("the byte tokenizer is damaged: expected {}, found {}", quote(byte_tokenizer_bytes),
                                    quote(bytes.substr(0, 40))));
    }
    return std::make_unique<ByteTokenizer>();
}

}  // namespace heed
