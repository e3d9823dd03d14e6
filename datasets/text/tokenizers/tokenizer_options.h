#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heed/core/settings/fields.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

/// Settings of a tokenizer (`tokenizer.*` of a recipe).
struct TokenizerOptions : Options {
    std::string type = "word";
    int64_t vocabulary = 20000;
    bool lower = true;
    std::string model = "bpe";
    double coverage = 0.9999;
    bool byte_fallback = true;
    int64_t sample = 10;
    std::string file;
    std::string target_file;

    void describe(Fields& fields) override;
    void validate() const override;

    /// Whether the tokenizer is read from `file`, so that no texts are needed.
    bool is_read() const { return !file.empty(); }
    /// Whether the texts have an influence on it.
    bool is_trained() const { return !is_read() && type != "byte"; }
    /// Those of a translator's target: with target_file in the place of file.
    TokenizerOptions of_target() const;
};

/// All kinds of tokenizers.
std::vector<std::string> tokenizer_kinds();

/// The tokenizer of these options: read from `options.file`, or trained on the texts. A pure function of its arguments.
/// UserError where the texts or the options do not allow it.
std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerOptions& options, std::span<const std::string_view> texts);

/// A sentence for the log where a trained vocabulary has fewer tokens than was asked for, else "".
std::string vocabulary_remark(const TokenizerOptions& options, int64_t size);

}  // namespace heed
