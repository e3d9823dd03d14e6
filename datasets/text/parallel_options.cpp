#include "heed/datasets/text/parallel_options.h"

#include <fmt/core.h>

#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

double part_size(const char* key, const std::string& text) {
    constexpr int64_t most = 10'000'000;
    int64_t count = 0;
    double share = 0;
    if (parse_int(text, count) && count >= 0 && count <= most) return static_cast<double>(count);
    if (parse_share(text, share) && share > 0 && share < 1) return share;
    throw UserError(
        fmt::format("{} expects a number of sentences up to {}, or a share of all below 1 (10% or 0.1), got {}", key,
                    most, quote(text)));
}

}  // namespace

void ParallelDataOptions::describe(Fields& fields) {
    fields
        .add("root", root,
             "folder with the data set's files, or its archive; empty: HEED_DATA, ./data, /usr/share/datasets")
        .path();
    fields
        .add("tokens", tokens,
             "a batch holds at most this many tokens in each language, padding included (train.accumulate batches make "
             "an "
             "optimizer step)")
        .range(16, 1 << 24)
        .unit("tokens");
    fields.add("length", length, "longest sentence of a training pair, special tokens included")
        .range(4, 1 << 16)
        .unit("tokens");
    fields.add("source_length", source_length, "the same of sources alone, which may be long documents; 0: data.length")
        .range(0, 1 << 20)
        .unit("tokens");
    fields.add("target_length", target_length, "the same of targets alone; 0: data.length")
        .range(0, 1 << 16)
        .unit("tokens");
    fields
        .add("too_long", too_long,
             "training pairs with a longer sentence are left out (skip) or shortened at the end (cut); cut_source "
             "shortens sources and leaves pairs with a longer target out")
        .choices({"skip", "cut", "cut_source"});
    if (!has_parts) {
        fields.add(
            "validation", validation,
            "distinct source sentences kept back for validation, with all pairs connected to them: a number, or a "
            "share of all (10%); 0: none");
        fields.add(
            "test", test,
            "distinct source sentences kept back for testing, with all pairs connected to them: a number, or a share "
            "of all (10%)");
    }
    fields
        .add("limit", limit,
             "at most this many training pairs, for trials: a fixed subset, chosen by content and data.split_seed "
             "whatever the order of the files; 0: all")
        .range(0, 1e9)
        .unit("pairs");
    fields
        .add("split_seed", split_seed, "seed of the choice of these sentences and of data.limit, apart from train.seed")
        .range(0, 9007199254740991.0);
    fields.add("joint_vocabulary", joint_vocabulary,
               "one tokenizer, learnt from both languages, for source and target (false: one for each)");
}

void ParallelDataOptions::validate() const {
    constexpr int64_t least = 4;
    for (const auto& [key, value] : {std::pair("source_length", source_length), {"target_length", target_length}}) {
        if (value > 0 && value < least) {
            throw UserError(fmt::format("data.{} expects at least {} tokens, or 0, got {}", key, least, value));
        }
    }
    validation_size();
    if (test_size() == 0) throw UserError("data.test expects at least one sentence, got 0");
}

double ParallelDataOptions::validation_size() const {
    return part_size("data.validation", validation);
}

double ParallelDataOptions::test_size() const {
    return part_size("data.test", test);
}

std::string ParallelDataOptions::lengths_text() const {
    const auto text = [](const char* key, int64_t value) { return fmt::format("data.{} {}", key, value); };
    const std::string source = source_length > 0 ? text("source_length", source_length) : text("length", length);
    const std::string target = target_length > 0 ? text("target_length", target_length) : text("length", length);
    return source == target ? source : source + " and " + target;
}

}  // namespace heed
