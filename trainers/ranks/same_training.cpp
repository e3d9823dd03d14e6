#include "heed/trainers/ranks/same_training.h"

#include <fmt/format.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/onednn/version.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/ranks/together.h"
#include "heed/core/version.h"
#include "heed/datasets/catalogue/checksum.h"

namespace heed {

namespace {

/// Values of a rank by their names, a line each.
using Values = std::map<std::string, std::string>;

std::string lines_of(const Values& values) {
    std::string lines;
    for (const auto& [name, value] : values) lines += name + "\t" + value + "\n";
    return lines;
}

Values values_of(const std::string& lines) {
    Values values;
    std::istringstream stream(lines);
    for (std::string line; std::getline(stream, line);) {
        const size_t tab = line.find('\t');
        values[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return values;
}

/// `text` is a sentence up to what differs.
void check_same(Communicator& ranks, const char* what, const Values& own, const char* text) {
    if (ranks.size() == 1) return;
    const std::vector<std::string> all = ranks.gather(lines_of(own), what);
    together(ranks, what, [&] {
        const Values first = values_of(all[0]);
        for (size_t rank = 1; rank < all.size(); ++rank) {
            if (all[rank] == all[0]) continue;
            const Values other = values_of(all[rank]);
            for (const auto& [name, value] : first) {
                const auto found = other.find(name);
                const std::string theirs = found == other.end() ? "absent" : found->second;
                if (theirs == value) continue;
                throw UserError(
                    fmt::format("{}: {} is {} on rank 0 and {} on rank {}", text, name, value, theirs, rank));
            }
            throw UserError(fmt::format("{}: rank {} has other settings than rank 0", text, rank));
        }
    });
}

/// Without line ends and tabs, which part values here.
std::string one_line(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\t') c = ' ';
    }
    return text;
}

}  // namespace

void check_same_recipe(Communicator& ranks, const Recipe& recipe, const std::string& commit) {
    Values own = {{"the version of heed", build_info().version},
                  {"the commit of heed", commit},
                  {"the version of oneDNN", onednn_version()},
                  {"the instruction set", isa_name(active_isa())}};
    for (const Setting& setting : recipe.explain()) {
        if (setting.key != "threads" && setting.key != "data.root") own[setting.key] = one_line(setting.value);
    }
    check_same(ranks, "recipes", own, "expected all ranks to train the same");
}

void check_same_threads(Communicator& ranks) {
    check_same(ranks, "numbers of threads", {{"the number of threads", std::to_string(thread_count())}},
               "expected all ranks to compute alike, for train.exact_reduce");
}

void check_same_data(Communicator& ranks, const DataFacts& facts) {
    Digest tokenizers("sha256"), rest("sha256");
    const std::string json = facts_json(facts);
    rest.update(json.data(), json.size());
    for (const auto& [name, tokenizer] : facts.tokenizers()) {
        tokenizers.update(tokenizer->bytes.data(), tokenizer->bytes.size());
    }
    const DataFingerprints& prints = facts.fingerprints;
    check_same(ranks, "checksums of the data",
               {{"the checksum of the training samples", prints.train},
                {"the checksum of the validation samples", prints.validation},
                {"the checksum of the test samples", prints.test},
                {"the checksum of the tokenizers", tokenizers.finish().hex},
                {"what is known of them", rest.finish().hex}},
               "expected all ranks to have the same data");
}

void check_same_weights(Communicator& ranks, const ParameterStore& store, const std::string& teacher, int64_t step) {
    if (ranks.size() == 1) return;
    Digest digest("sha256");
    for (const ParameterGroup& group : store.groups()) {
        const std::vector<float> values = group.values.to_vector();
        digest.update(values.data(), values.size() * sizeof(float));
    }
    check_same(ranks, "checksums of the weights",
               {{"the checksum of the weights", digest.finish().hex},
                {"the checksum of the teacher", teacher.empty() ? "none" : teacher},
                {"the step", std::to_string(step)}},
               "expected all ranks to start alike");
}

}  // namespace heed
