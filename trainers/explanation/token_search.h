#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace heed {

/// Of each token of an input, whether the model sees it: 1 or 0.
using KeptTokens = std::vector<uint8_t>;

/// Of each of these variants of an input, whether its prediction is that of the whole input: 1 or 0.
using KeepsPrediction = std::function<std::vector<uint8_t>(const std::vector<KeptTokens>&)>;

enum class TokenSetKind : uint8_t {
    necessary,  ///< without these tokens the prediction is another one
    sufficient  ///< these tokens alone keep it
};

/// The tokens of an input from the most to the least relevant one.
struct TokenOrder {
    std::string measure;
    std::vector<int64_t> tokens;
};

/// Model runs that a search may take beyond the scan of its orders, some 50 to 80 each.
struct SearchLimits {
    int64_t pruning = 1024;     ///< for each order
    int64_t exhaustive = 1024;  ///< for all sets up to some size: a size is tried wholly or not at all
};

/// What one order leads to.
struct OrderedTokenSet {
    std::string measure;
    std::optional<int64_t>
        prefix;                   ///< most relevant tokens that the scan found to do; nothing: none of its prefixes do
    std::vector<int64_t> tokens;  ///< ascending; what pruning left of them
    bool minimal = false;         ///< none of these tokens can be given back alone; false: pruning met its limit
};

struct TokenSets {
    std::vector<OrderedTokenSet> by_order;
    std::optional<std::vector<int64_t>> smallest;  ///< ascending; nothing: no set that was tried does
    std::string found_by;                          ///< the measure of its order, or "exhaustive search"
    int64_t exhaustive_size = -1;                  ///< all sets of at most so many tokens were tried, or were smaller
                                                   ///< than one that does and do not; -1: not even the empty one
    bool proven = false;  ///< there is no smaller set that does, or, where none was found, none at all
    int64_t runs = 0;     ///< of the model, those left out whose answer was known
};

/// Looks for the smallest sets of tokens that make up a prediction. For each order it scans prefixes: all up to 16
/// tokens, then each a quarter longer than the one before; between the first that does and the one before it, 16 at a
/// time until neighbours are found. What does not grow evenly may have a shorter one in between. The prefix is then
/// pruned by delta debugging (Zeller and Hildebrandt, IEEE TSE 2002): ever smaller parts of it are given back, the
/// least relevant first, until no single token can be. All sets that are smaller than the smallest found are tried,
/// size by size, as far as the limit goes. The same answers lead to the same sets.
class TokenSearch {
public:
    /// `keeps` is asked about at most 256 variants at once.
    TokenSearch(int64_t tokens, KeepsPrediction keeps);

    /// An answer that was had otherwise; it is not asked for again.
    void know(const KeptTokens& kept, bool keeps) { known_[{kept.begin(), kept.end()}] = keeps ? 1 : 0; }

    /// Throws Error for an order that is no permutation of the tokens.
    TokenSets find(TokenSetKind kind, std::span<const TokenOrder> orders, const SearchLimits& limits);

private:
    using Set = std::vector<int64_t>;
    struct Searched {
        TokenSetKind kind;
        int64_t runs = 0;
    };

    std::vector<uint8_t> hold(Searched& searched, const std::vector<Set>& sets);
    std::optional<int64_t> shortest_prefix(Searched& searched, const Set& order);
    bool prune(Searched& searched, Set& set, int64_t limit);
    void search_all(Searched& searched, TokenSets& found, int64_t limit);

    int64_t tokens_;
    KeepsPrediction keeps_;
    std::unordered_map<std::string, uint8_t> known_;  ///< answers, by the variant
};

}  // namespace heed
