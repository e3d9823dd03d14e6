#include "heed/trainers/language_models/text_generator.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"
#include "heed/core/random/random.h"
#include "heed/datasets/text/plain/line_tokens.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/language_models/language_facts.h"
#include "heed/trainers/language_models/language_recipe_model.h"
#include "heed/trainers/language_models/text_continuation.h"

namespace heed {

namespace {

std::string standard_input() {
    std::string text;
    std::array<char, 65536> block{};
    size_t count = 0;
    while ((count = std::fread(block.data(), 1, block.size(), stdin)) > 0) text.append(block.data(), count);
    if (std::ferror(stdin)) throw_system_error("cannot read standard input", errno);
    return text;
}

/// Flags of the tokens that may be written: not those that no text has.
std::vector<uint8_t> writable_tokens(const Tokenizer& tokenizer) {
    std::vector<uint8_t> writable(static_cast<size_t>(tokenizer.vocabulary_size()), 1);
    if (tokenizer.is_byte_level()) return writable;
    const SpecialTokens special = tokenizer.special();
    for (const int32_t id : {special.pad, special.unknown, special.begin}) {
        if (id >= 0) writable[static_cast<size_t>(id)] = 0;
    }
    return writable;
}

double log_probability(std::span<const float> logits, int32_t token) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
    return static_cast<double>(logits[static_cast<size_t>(token)]) - largest - std::log(sum);
}

int64_t kept_window(const GenerateRequest& request, int64_t most) {
    if (request.window > most) {
        throw UserError(
            fmt::format("--window {} is more than the {} tokens that the model reads at once", request.window, most));
    }
    return request.window > 0 ? request.window : std::max<int64_t>(1, most / 2);
}

/// The prompt as it was given, which tokens may have lost something of (case, unknown words), and what follows it in
/// `all`, of which `read` is what the tokens of the prompt say.
std::string continued(const std::string& prompt, const std::string& read, const std::string& all) {
    if (!all.starts_with(read)) return all;
    std::string_view rest = std::string_view(all).substr(read.size());
    if (rest.starts_with(' ') && (prompt.ends_with(' ') || prompt.ends_with('\n'))) rest.remove_prefix(1);
    return prompt + std::string(rest);
}

}  // namespace

void generate_text(SavedModel& saved, const GenerateRequest& request) {
    refuse_masked(saved.trained.recipe, "generate");
    const auto& facts = facts_as<LanguageDataFacts>(*saved.trained.facts);
    auto& model = saved.trained.model_as<LanguageModel>();
    const auto tokenizer = load_tokenizer(facts.tokenizer.kind, facts.tokenizer.bytes);
    const int64_t most = model.shape().max_tokens, window = kept_window(request, most);
    const std::string prompt = request.prompt ? *request.prompt : standard_input();
    EncodeReport report;
    const std::vector<int32_t> ids = encode_lines(*tokenizer, prompt, report);
    if (ids.empty()) throw UserError("expected a prompt of at least one token, got none (--prompt, or standard input)");
    if (std::ssize(ids) > most) {
        fmt::print(stderr, "heed: the prompt has {} tokens, but the model reads {}: its last {} are kept (--window)\n",
                   ids.size(), most, window);
    }
    if (report.unknown > 0) {
        fmt::print(stderr, "heed: {} of the prompt {} unknown\n",
                   report.unknown == 1 ? "1 token" : fmt::format("{} tokens", report.unknown),
                   report.unknown == 1 ? "is" : "are");
    }

    const auto start = std::chrono::steady_clock::now();
    TextContinuation text(*saved.context, model, window);
    text.add(ids);
    const auto read = std::chrono::steady_clock::now();
    const std::vector<uint8_t> writable = writable_tokens(*tokenizer);
    RandomSequence random(random_key(static_cast<uint64_t>(request.seed), RandomPurpose::generation, "generated text"));
    double sum = 0.0;
    for (int64_t i = 0; i < request.length; ++i) {
        const int32_t token = sample_token(text.logits(), writable, request.sampling, random.uniform());
        sum += log_probability(text.logits(), token);
        const std::array<int32_t, 1> next = {token};
        text.add(next);
    }
    const std::chrono::duration<double> reading = read - start, writing = std::chrono::steady_clock::now() - read;

    const std::string whole = continued(prompt, decode_lines(*tokenizer, ids), decode_lines(*tokenizer, text.ids()));
    if (request.json) {
        nlohmann::ordered_json json;
        json["prompt"] = prompt;
        json["text"] = whole;
        json["tokens"] = request.length;
        json["log_probability"] = sum;
        json["reading_seconds"] = reading.count();
        json["writing_seconds"] = writing.count();
        print_json_line(json);
        return;
    }
    std::fwrite(whole.data(), 1, whole.size(), stdout);
    if (!whole.ends_with('\n')) std::fputc('\n', stdout);
}

}  // namespace heed
