#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/text/parallel_corpus.h"
#include "heed/datasets/text/parallel_options.h"

namespace heed {

/// Pairs to train on.
struct ParallelText {
    std::vector<std::string> sources;
    std::vector<std::string> targets;
    std::vector<float> weights;  ///< how often a pair is visited in an epoch, on average

    int64_t size() const { return static_cast<int64_t>(sources.size()); }
};

/// Sentences to translate in the order of the files: each once, but every line of a test set of its own.
struct ReferenceText {
    std::vector<std::string> sources;
    /// All different translations of each source, in the order of the files: the first is the single reference.
    std::vector<std::vector<std::string>> references;

    int64_t size() const { return static_cast<int64_t>(sources.size()); }
};

/// What was read of a corpus.
struct CorpusFacts {
    std::string name;
    int64_t pairs = 0;
    int64_t left_out = 0;  ///< pairs with an empty sentence
    double weight = 1;     ///< 0: a test or validation set of its own
};

/// An opened data set of sentence pairs. No sentence of test or validation, source or target, stands in training or in
/// the other of the two.
struct ParallelData {
    std::string name;
    std::string origin;
    std::vector<CorpusFacts> corpora;
    int64_t held_back = 0;  ///< pairs that are not trained on as they are connected to test or validation sentences
    int64_t shared_with_own = 0;  ///< of these: with a source or target of a test or validation set of its own
    ParallelText train;
    ReferenceText validation;
    ReferenceText test;
    /// What a user should know of the pairs, a sentence each.
    std::vector<std::string> remarks;
};

/// Every line as it is, repeated ones too: a score of the whole file is wanted.
ReferenceText every_line(const ParallelCorpus& corpus);

/// A test set without training pairs.
ParallelData test_alone(const std::string& name, const ParallelCorpus& test);

/// How sentences are chosen for test and validation.
struct ParallelSplit {
    double test = 2000;  ///< sources, or below 1 the share of all different ones, at least one
    double validation = 1000;
    uint64_t seed = 0;
    int64_t test_corpus = -1;                        ///< index of the corpus they are taken from; -1: all
    const ParallelCorpus* own_test = nullptr;        ///< a test set of its own: `test` does not count
    const ParallelCorpus* own_validation = nullptr;  ///< the same for validation
    int64_t limit = 0;                               ///< most training pairs (content_subset); 0: all
};

/// What the settings of all data sets say of it.
ParallelSplit parallel_split(const ParallelDataOptions& options);

/// Divides the connected components of the graph whose nodes are all different sources and targets (text_key) and whose
/// edges are the pairs: whole components, in an order that their content and the seed give (the draw of the least hash
/// of their sources, content_draw), go to test until it has exactly `test` sources, then to validation. A component
/// that would be too many is passed over. Sentences of a component that are not in `test_corpus` go nowhere. Before
/// that, pairs with a source or target of a test or validation set of its own are left out. A pure function of its
/// arguments. UserError where the pairs do not suffice, nothing would be left, or a set of its own holds the pairs of
/// another.
ParallelData split_parallel(std::vector<ParallelCorpus> corpora, const ParallelSplit& split);

/// "weight 1", "not trained on".
std::string weight_text(const CorpusFacts& corpus);

/// The sources or targets as views; valid as long as `texts`.
std::vector<std::string_view> views(const std::vector<std::string>& texts);

/// Several lines: corpora, pairs, weights, and the sizes of the three parts.
std::string describe(const ParallelData& data);

}  // namespace heed
