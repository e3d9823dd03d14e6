#include "heed/datasets/text/encoded_texts.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/error.h"

namespace heed {

namespace {

/// Whether the text of this report was longer than its limit.
int64_t cut_texts(const EncodeReport& before, const EncodeReport& after) {
    return after.cut - before.cut;
}

}  // namespace

void EncodedTexts::add(std::span<const int32_t> ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    ends_.push_back(std::ssize(ids_));
}

std::span<const int32_t> EncodedTexts::ids(int64_t index) const {
    const auto i = static_cast<std::size_t>(index);
    const int64_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::span(ids_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(ends_[i] - begin));
}

std::vector<int32_t> EncodedTexts::lengths() const {
    std::vector<int32_t> result(ends_.size());
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<int32_t>(length(static_cast<int64_t>(i)));
    return result;
}

std::vector<int32_t> encode_text(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options,
                                 EncodeReport& report) {
    const SpecialTokens special = tokenizer.special();
    std::vector<int32_t> ids = tokenizer.encode(text);
    ++report.texts;
    report.tokens += std::ssize(ids);
    report.unknown += std::count(ids.begin(), ids.end(), special.unknown);
    if (ids.empty()) {
        ++report.empty;
        ids.push_back(special.anything());
    }
    if ((options.begin && special.begin < 0) || (options.end && special.end < 0)) {
        throw UserError(fmt::format(
            "tokenizer.type {} has no special tokens, which begin and end the texts here: expected another, or "
            "data.special_tokens false",
            tokenizer.kind()));
    }
    const int64_t room = options.length - (options.begin ? 1 : 0) - (options.end ? 1 : 0);
    if (options.length > 0 && room < 1) {
        throw Error(fmt::format("a length of {} has no room for a token between the special ones", options.length));
    }
    if (options.length > 0 && std::ssize(ids) > room) {
        ++report.cut;
        if (options.keep_tail) {
            ids.erase(ids.begin(), ids.end() - room);
        } else {
            ids.resize(static_cast<std::size_t>(room));
        }
    }
    if (options.begin) ids.insert(ids.begin(), special.begin);
    if (options.end) ids.push_back(special.end);
    return ids;
}

EncodedTexts encode_texts(const Tokenizer& tokenizer, std::span<const std::string_view> texts,
                          const EncodeOptions& options, EncodeReport& report) {
    EncodedTexts result;
    for (const std::string_view text : texts) result.add(encode_text(tokenizer, text, options, report));
    return result;
}

std::vector<float> EncodedPairs::kept(std::span<const float> values) const {
    std::vector<float> result;
    result.reserve(indices.size());
    for (const int64_t index : indices) result.push_back(values[static_cast<std::size_t>(index)]);
    return result;
}

EncodedPairs encode_pairs(const Tokenizer& source_tokenizer, const Tokenizer& target_tokenizer,
                          std::span<const std::string_view> sources, std::span<const std::string_view> targets,
                          const EncodeOptions& source_options, const EncodeOptions& target_options,
                          SkipLong skip_long) {
    if (sources.size() != targets.size()) {
        throw Error(fmt::format("{} sources do not go with {} targets", sources.size(), targets.size()));
    }
    EncodedPairs pairs;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        EncodeReport source_report = pairs.source_report, target_report = pairs.target_report;
        const auto source = encode_text(source_tokenizer, sources[i], source_options, source_report);
        const auto target = encode_text(target_tokenizer, targets[i], target_options, target_report);
        if ((skip_long.sources && cut_texts(pairs.source_report, source_report) > 0) ||
            (skip_long.targets && cut_texts(pairs.target_report, target_report) > 0)) {
            ++pairs.skipped;
            continue;
        }
        pairs.sources.add(source);
        pairs.targets.add(target);
        pairs.indices.push_back(static_cast<int64_t>(i));
        pairs.source_report = source_report;
        pairs.target_report = target_report;
    }
    return pairs;
}

void fill_tokens(TokenMatrix& matrix, const EncodedTexts& texts, std::span<const int64_t> samples, int32_t pad,
                 int64_t skip_front, int64_t skip_back, int64_t least_columns) {
    matrix.rows = std::ssize(samples);
    matrix.columns = least_columns;
    matrix.lengths.resize(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const int64_t length = std::max<int64_t>(0, texts.length(samples[i]) - skip_front - skip_back);
        matrix.lengths[i] = static_cast<int32_t>(length);
        matrix.columns = std::max(matrix.columns, length);
    }
    matrix.ids.assign(static_cast<std::size_t>(matrix.rows * matrix.columns), pad);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto ids = texts.ids(samples[i]);
        if (matrix.lengths[i] == 0) continue;
        std::copy_n(ids.begin() + skip_front, matrix.lengths[i],
                    matrix.ids.begin() + static_cast<std::ptrdiff_t>(i) * matrix.columns);
    }
}

}  // namespace heed
