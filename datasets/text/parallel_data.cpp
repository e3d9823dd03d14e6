#include "heed/datasets/text/parallel_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <set>
#include <unordered_set>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/content_split.h"
#include "heed/datasets/text/text_key.h"
#include "heed/datasets/text/text_overlap.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

struct PairPlace {
    std::size_t corpus;
    std::size_t line;
};

/// With a line end behind it, so that the same text on both sides is two different sentences.
uint64_t target_hash(std::string_view target) {
    return content_hash(text_key(target) + '\n');
}

std::vector<uint64_t> pair_hashes(const std::vector<std::string>& sources, const std::vector<std::string>& targets) {
    std::vector<uint64_t> hashes;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        hashes.push_back(content_hash(text_key(sources[i]) + '\n' + text_key(targets[i])));
    }
    return hashes;
}

std::vector<uint64_t> source_hashes(const ParallelCorpus& corpus) {
    std::vector<uint64_t> hashes;
    for (const std::string& source : corpus.sources) hashes.push_back(text_hash(source));
    return hashes;
}

/// The pairs of all corpora by their connected components, these in the order that content and seed give them.
std::vector<std::vector<PairPlace>> ordered_components(const std::vector<ParallelCorpus>& corpora, uint64_t seed) {
    ContentGroups sentences;
    std::vector<PairPlace> pairs;
    for (std::size_t c = 0; c < corpora.size(); ++c) {
        for (std::size_t i = 0; i < corpora[c].sources.size(); ++i) {
            const std::array<uint64_t, 2> names = {text_hash(corpora[c].sources[i]),
                                                   target_hash(corpora[c].targets[i])};
            sentences.add(names);
            pairs.push_back({c, i});
        }
    }
    std::vector<ContentGroup> groups = sentences.groups();
    const auto draw = [&](const ContentGroup& group) { return content_draw(seed, "pairs", group.name); };
    std::stable_sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return draw(a) < draw(b); });
    std::vector<std::vector<PairPlace>> components;
    for (const ContentGroup& group : groups) {
        std::vector<PairPlace>& component = components.emplace_back();
        for (const int64_t pair : group.samples) component.push_back(pairs[static_cast<std::size_t>(pair)]);
    }
    return components;
}

/// Gathers the references of each different source.
class ReferenceGathering {
public:
    void add(const std::string& source, const std::string& target) {
        const auto [place, is_new] = places_.try_emplace(source, text_.sources.size());
        if (is_new) {
            text_.sources.push_back(source);
            text_.references.emplace_back();
        }
        if (known_.emplace(place->second, target).second) text_.references[place->second].push_back(target);
    }

    ReferenceText take() { return std::move(text_); }

private:
    ReferenceText text_;
    TextMap<std::size_t> places_;
    std::set<std::pair<std::size_t, std::string>> known_;
};

ParallelData without_parts(const std::vector<ParallelCorpus>& corpora) {
    ParallelData data;
    for (const ParallelCorpus& corpus : corpora) {
        data.corpora.push_back({corpus.name, corpus.size(), corpus.left_out, corpus.weight});
    }
    return data;
}

/// Moves the pairs for which `is_kept` holds into the training text.
template <class IsKept>
void take_training_pairs(ParallelData& data, std::vector<ParallelCorpus>& corpora, IsKept&& is_kept) {
    for (std::size_t c = 0; c < corpora.size(); ++c) {
        for (std::size_t i = 0; i < corpora[c].sources.size(); ++i) {
            if (!is_kept(c, i)) {
                ++data.held_back;
                continue;
            }
            data.train.sources.push_back(std::move(corpora[c].sources[i]));
            data.train.targets.push_back(std::move(corpora[c].targets[i]));
            data.train.weights.push_back(static_cast<float>(corpora[c].weight));
        }
    }
    if (data.train.sources.empty()) {
        throw UserError("expected pairs of sentences to train on, found that all are connected to test or validation");
    }
}

/// How many of `all` sources a number or, below 1, a share of them is.
int64_t source_count(double value, int64_t all) {
    if (value <= 0 || value >= 1) return static_cast<int64_t>(value);
    return std::max<int64_t>(1, std::llround(value * static_cast<double>(all)));
}

/// Takes all pairs with a source or target of these texts out of a corpus; returns how many.
int64_t leave_out_sentences(ParallelCorpus& corpus, std::initializer_list<const ParallelCorpus*> texts) {
    std::unordered_set<uint64_t> known;
    for (const ParallelCorpus* text : texts) {
        if (text == nullptr) continue;
        for (const std::string& source : text->sources) known.insert(text_hash(source));
        for (const std::string& target : text->targets) known.insert(target_hash(target));
    }
    if (known.empty()) return 0;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < corpus.sources.size(); ++i) {
        if (known.contains(text_hash(corpus.sources[i])) || known.contains(target_hash(corpus.targets[i]))) continue;
        if (kept != i) {
            corpus.sources[kept] = std::move(corpus.sources[i]);
            corpus.targets[kept] = std::move(corpus.targets[i]);
        }
        ++kept;
    }
    const auto left_out = static_cast<int64_t>(corpus.sources.size() - kept);
    corpus.sources.resize(kept);
    corpus.targets.resize(kept);
    return left_out;
}

/// Throws UserError where a set of one's own holds the same pairs as another, so that its score would say nothing.
void refuse_equal_pairs(const std::vector<ParallelCorpus>& corpora, const ParallelSplit& split) {
    const auto refuse = [](const char* part, const ParallelCorpus* own, const ParallelCorpus* other) {
        if (own == nullptr || other == nullptr) return;
        if (!same_samples(pair_hashes(own->sources, own->targets), pair_hashes(other->sources, other->targets))) return;
        throw UserError(
            fmt::format("the {} set {} holds the same pairs as {}: expected others", part, own->name, other->name));
    };
    for (const ParallelCorpus& corpus : corpora) {
        refuse("test", split.own_test, &corpus);
        refuse("validation", split.own_validation, &corpus);
    }
    refuse("test", split.own_test, split.own_validation);
}

void limit_pairs(ParallelText& train, const ParallelSplit& split) {
    if (split.limit == 0 || split.limit >= train.size()) return;
    ParallelText kept;
    for (const int64_t index : content_subset(pair_hashes(train.sources, train.targets), split.seed, split.limit)) {
        const auto i = static_cast<std::size_t>(index);
        kept.sources.push_back(std::move(train.sources[i]));
        kept.targets.push_back(std::move(train.targets[i]));
        kept.weights.push_back(train.weights[i]);
    }
    train = std::move(kept);
}

void add_remarks(ParallelData& data, const ParallelSplit& split) {
    if (data.shared_with_own > 0) {
        data.remarks.push_back(
            fmt::format("{} training pairs are left out, as their source or target stands in a test or validation set "
                        "of its own",
                        data.shared_with_own));
    }
    if (split.own_test == nullptr || split.own_validation == nullptr) return;
    const std::string remark = overlap_remark("test", source_hashes(*split.own_test), "validation",
                                              source_hashes(*split.own_validation), "sentences");
    if (!remark.empty()) data.remarks.push_back(remark);
}

enum class PairUse : uint8_t { train, validation, test };

}  // namespace

ReferenceText every_line(const ParallelCorpus& corpus) {
    ReferenceText lines;
    lines.sources = corpus.sources;
    for (const std::string& target : corpus.targets) lines.references.push_back({target});
    return lines;
}

ParallelData test_alone(const std::string& name, const ParallelCorpus& test) {
    ParallelData data;
    data.name = name;
    data.origin = test.name;
    data.test = every_line(test);
    return data;
}

ParallelSplit parallel_split(const ParallelDataOptions& options) {
    ParallelSplit split{options.test_size(), options.validation_size(), static_cast<uint64_t>(options.split_seed)};
    split.limit = options.limit;
    return split;
}

ParallelData split_parallel(std::vector<ParallelCorpus> corpora, const ParallelSplit& split) {
    ParallelData data = without_parts(corpora);
    for (const ParallelCorpus* own : {split.own_validation, split.own_test}) {
        if (own != nullptr) data.corpora.push_back({own->name, own->size(), own->left_out, 0});
    }
    refuse_equal_pairs(corpora, split);
    for (ParallelCorpus& corpus : corpora) {
        data.shared_with_own += leave_out_sentences(corpus, {split.own_test, split.own_validation});
    }
    data.held_back = data.shared_with_own;
    const std::vector<std::vector<PairPlace>> components = ordered_components(corpora, split.seed);
    std::vector<std::vector<PairUse>> uses;
    for (const ParallelCorpus& corpus : corpora) uses.emplace_back(corpus.sources.size(), PairUse::train);

    const auto is_eligible = [&](const PairPlace& pair) {
        return split.test_corpus < 0 || pair.corpus == static_cast<std::size_t>(split.test_corpus);
    };
    const auto sources_of = [&](const std::vector<PairPlace>& component) {
        std::unordered_set<std::string_view> sources;
        for (const PairPlace& pair : component) {
            if (is_eligible(pair)) sources.insert(corpora[pair.corpus].sources[pair.line]);
        }
        return std::ssize(sources);
    };
    int64_t all_sources = 0;
    for (const std::vector<PairPlace>& component : components) all_sources += sources_of(component);
    int64_t test_missing = split.own_test != nullptr ? 0 : source_count(split.test, all_sources);
    int64_t validation_missing = split.own_validation != nullptr ? 0 : source_count(split.validation, all_sources);
    for (const std::vector<PairPlace>& component : components) {
        if (test_missing == 0 && validation_missing == 0) break;
        const int64_t sources = sources_of(component);
        if (sources == 0) continue;
        PairUse use = PairUse::train;
        if (sources <= test_missing) {
            use = PairUse::test;
            test_missing -= sources;
        } else if (sources <= validation_missing) {
            use = PairUse::validation;
            validation_missing -= sources;
        }
        for (const PairPlace& pair : component) uses[pair.corpus][pair.line] = use;
    }
    if (test_missing > 0 || validation_missing > 0) {
        throw UserError(fmt::format(
            "data.test {} and data.validation {} ask for more source sentences than the {} connected groups of "
            "sentence pairs can give: {} are missing",
            split.test, split.validation, components.size(), test_missing + validation_missing));
    }

    ReferenceGathering test, validation;
    for (std::size_t c = 0; c < corpora.size(); ++c) {
        for (std::size_t i = 0; i < corpora[c].sources.size(); ++i) {
            if (uses[c][i] == PairUse::train || !is_eligible({c, i})) continue;
            (uses[c][i] == PairUse::test ? test : validation).add(corpora[c].sources[i], corpora[c].targets[i]);
        }
    }
    data.test = split.own_test != nullptr ? every_line(*split.own_test) : test.take();
    data.validation = split.own_validation != nullptr ? every_line(*split.own_validation) : validation.take();
    take_training_pairs(data, corpora, [&](std::size_t c, std::size_t i) { return uses[c][i] == PairUse::train; });
    limit_pairs(data.train, split);
    add_remarks(data, split);
    return data;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

std::string weight_text(const CorpusFacts& corpus) {
    return corpus.weight > 0 ? fmt::format("weight {}", corpus.weight) : "not trained on";
}

std::string describe(const ParallelData& data) {
    std::string text = fmt::format("{}: sentence pairs\nfrom        {}\n\n", data.name, data.origin);
    for (const CorpusFacts& corpus : data.corpora) {
        text +=
            fmt::format("{}: {} pairs, {}{}\n", corpus.name, corpus.pairs, weight_text(corpus),
                        corpus.left_out > 0 ? fmt::format(", {} left out (an empty sentence)", corpus.left_out) : "");
    }
    text += fmt::format("\ntrain       {} pairs ({} more are held back with test and validation)\n", data.train.size(),
                        data.held_back);
    text +=
        fmt::format("validation  {} sentences\ntest        {} sentences\n", data.validation.size(), data.test.size());
    for (const std::string& remark : data.remarks) text += remark + "\n";
    return text;
}

}  // namespace heed
