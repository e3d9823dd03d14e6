#include "heed/datasets/text/parallel_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/random/random.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

/// Sets that grow together (union by the smaller root, paths halved).
class DisjointSets {
public:
    int64_t add() {
        parents_.push_back(std::ssize(parents_));
        return parents_.back();
    }

    int64_t root(int64_t node) {
        while (parent(node) != node) {
            parent(node) = parent(parent(node));
            node = parent(node);
        }
        return node;
    }

    void join(int64_t a, int64_t b) {
        a = root(a);
        b = root(b);
        parent(std::max(a, b)) = std::min(a, b);
    }

private:
    int64_t& parent(int64_t node) { return parents_[static_cast<std::size_t>(node)]; }

    std::vector<int64_t> parents_;
};

struct PairPlace {
    std::size_t corpus;
    std::size_t line;
};

/// The pairs of all corpora by their connected components, these in the order of their first pairs.
std::vector<std::vector<PairPlace>> connected_components(const std::vector<ParallelCorpus>& corpora) {
    std::unordered_map<std::string_view, int64_t> source_nodes, target_nodes;
    DisjointSets sets;
    const auto node = [&](auto& nodes, std::string_view text) {
        const auto [place, is_new] = nodes.try_emplace(text, 0);
        if (is_new) place->second = sets.add();
        return place->second;
    };
    for (const ParallelCorpus& corpus : corpora) {
        for (std::size_t i = 0; i < corpus.sources.size(); ++i) {
            sets.join(node(source_nodes, corpus.sources[i]), node(target_nodes, corpus.targets[i]));
        }
    }
    std::unordered_map<int64_t, std::size_t> numbers;
    std::vector<std::vector<PairPlace>> components;
    for (std::size_t c = 0; c < corpora.size(); ++c) {
        for (std::size_t i = 0; i < corpora[c].sources.size(); ++i) {
            const int64_t root = sets.root(source_nodes.at(corpora[c].sources[i]));
            const auto [place, is_new] = numbers.try_emplace(root, components.size());
            if (is_new) components.emplace_back();
            components[place->second].push_back({c, i});
        }
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
        std::vector<std::string>& references = text_.references[place->second];
        if (std::find(references.begin(), references.end(), target) == references.end()) references.push_back(target);
    }

    ReferenceText take() { return std::move(text_); }

private:
    ReferenceText text_;
    TextMap<std::size_t> places_;
};

/// Every line as it is, repeated ones too: a score of the whole file is wanted.
ReferenceText lines_of(const ParallelCorpus& corpus) {
    ReferenceText lines;
    lines.sources = corpus.sources;
    for (const std::string& target : corpus.targets) lines.references.push_back({target});
    return lines;
}

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

/// Takes all pairs with a source or target of these texts out of a corpus; returns how many.
int64_t leave_out_sentences(ParallelCorpus& corpus, std::initializer_list<const ParallelCorpus*> texts) {
    std::unordered_set<std::string_view> sources, targets;
    for (const ParallelCorpus* text : texts) {
        if (text == nullptr) continue;
        sources.insert(text->sources.begin(), text->sources.end());
        targets.insert(text->targets.begin(), text->targets.end());
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < corpus.sources.size(); ++i) {
        if (sources.contains(corpus.sources[i]) || targets.contains(corpus.targets[i])) continue;
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

enum class PairUse : uint8_t { train, validation, test };

}  // namespace

ParallelData split_parallel(std::vector<ParallelCorpus> corpora, const ParallelSplit& split) {
    ParallelData data = without_parts(corpora);
    for (const ParallelCorpus* own : {split.own_validation, split.own_test}) {
        if (own != nullptr) data.corpora.push_back({own->name, own->size(), own->left_out, 0});
    }
    for (ParallelCorpus& corpus : corpora) {
        data.held_back += leave_out_sentences(corpus, {split.own_test, split.own_validation});
    }
    const std::vector<std::vector<PairPlace>> components = connected_components(corpora);
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
    std::vector<std::size_t> order(components.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    RandomSequence random(random_key(split.seed, RandomPurpose::split, "pairs"));
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);

    int64_t test_missing = split.own_test != nullptr ? 0 : split.test;
    int64_t validation_missing = split.own_validation != nullptr ? 0 : split.validation;
    for (const std::size_t number : order) {
        if (test_missing == 0 && validation_missing == 0) break;
        const int64_t sources = sources_of(components[number]);
        if (sources == 0) continue;
        PairUse use = PairUse::train;
        if (sources <= test_missing) {
            use = PairUse::test;
            test_missing -= sources;
        } else if (sources <= validation_missing) {
            use = PairUse::validation;
            validation_missing -= sources;
        }
        for (const PairPlace& pair : components[number]) uses[pair.corpus][pair.line] = use;
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
    data.test = split.own_test != nullptr ? lines_of(*split.own_test) : test.take();
    data.validation = split.own_validation != nullptr ? lines_of(*split.own_validation) : validation.take();
    take_training_pairs(data, corpora, [&](std::size_t c, std::size_t i) { return uses[c][i] == PairUse::train; });
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
    return text;
}

}  // namespace heed
