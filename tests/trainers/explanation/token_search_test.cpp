#include "heed/trainers/explanation/token_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "heed/core/error.h"

namespace heed::test::token_search_test {
namespace {

using Set = std::vector<int64_t>;

KeepsPrediction model_of(std::function<bool(const KeptTokens&)> keeps, int64_t* asked = nullptr) {
    return [keeps = std::move(keeps), asked](const std::vector<KeptTokens>& variants) {
        EXPECT_LE(variants.size(), 256U);
        std::vector<uint8_t> answers;
        for (const KeptTokens& kept : variants) answers.push_back(keeps(kept) ? 1 : 0);
        if (asked) *asked += std::ssize(variants);
        return answers;
    };
}

/// Some permutation.
TokenOrder order_of(int64_t tokens, uint32_t seed) {
    TokenOrder order = {"order " + std::to_string(seed), Set(static_cast<size_t>(tokens))};
    std::iota(order.tokens.begin(), order.tokens.end(), int64_t{0});
    for (size_t i = order.tokens.size(); i > 1; --i) {
        seed = seed * 1664525U + 1013904223U;
        std::swap(order.tokens[i - 1], order.tokens[(seed >> 8U) % i]);
    }
    return order;
}

std::vector<TokenOrder> orders_of(int64_t tokens) {
    return {order_of(tokens, 1), order_of(tokens, 2)};
}

bool does(const std::function<bool(const KeptTokens&)>& keeps, TokenSetKind kind, int64_t tokens, const Set& set) {
    const bool necessary = kind == TokenSetKind::necessary;
    KeptTokens kept(static_cast<size_t>(tokens), necessary ? 1 : 0);
    for (const int64_t token : set) kept[static_cast<size_t>(token)] = necessary ? 0 : 1;
    return keeps(kept) != necessary;
}

TEST(TokenSearch, FindsWhatAllSetsTell) {
    constexpr int64_t tokens = 7;
    int64_t found = 0, pruned_away = 0;
    for (uint32_t table = 0; table < 40; ++table) {
        // A truth table without any order in it: no greedy search can rely on anything. Few answers are yes.
        const auto keeps = [&](const KeptTokens& kept) {
            uint32_t bits = table * 977U;
            for (const uint8_t one : kept) bits = bits * 2654435761U + one + 1U;
            return std::accumulate(kept.begin(), kept.end(), 0) == tokens || (bits >> 16U) % 8U < table % 8U;
        };
        for (const TokenSetKind kind : {TokenSetKind::necessary, TokenSetKind::sufficient}) {
            int64_t least = tokens + 1;
            for (uint32_t set = 0; set < (1U << static_cast<uint32_t>(tokens)); ++set) {
                Set members;
                for (int64_t i = 0; i < tokens; ++i)
                    if ((set >> static_cast<uint32_t>(i) & 1U) != 0U) members.push_back(i);
                if (does(keeps, kind, tokens, members)) least = std::min<int64_t>(least, std::popcount(set));
            }
            TokenSearch search(tokens, model_of(keeps));
            const TokenSets sets = search.find(kind, orders_of(tokens), {});
            EXPECT_TRUE(sets.proven);
            ASSERT_EQ(sets.smallest.has_value(), least <= tokens) << "table " << table;
            if (!sets.smallest) continue;
            ++found;
            EXPECT_EQ(std::ssize(*sets.smallest), least) << "table " << table;
            EXPECT_TRUE(does(keeps, kind, tokens, *sets.smallest));
            for (const OrderedTokenSet& set : sets.by_order) {
                if (!set.prefix) continue;
                EXPECT_TRUE(set.minimal);
                EXPECT_TRUE(does(keeps, kind, tokens, set.tokens));
                EXPECT_TRUE(std::is_sorted(set.tokens.begin(), set.tokens.end()));
                pruned_away += *set.prefix - std::ssize(set.tokens);
                for (size_t i = 0; i < set.tokens.size(); ++i) {
                    Set rest = set.tokens;
                    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
                    EXPECT_FALSE(does(keeps, kind, tokens, rest)) << "a token can be given back, table " << table;
                }
            }
        }
    }
    EXPECT_GT(found, 40);
    EXPECT_GT(pruned_away, 0);
}

TEST(TokenSearch, FindsFewTokensOfALongTextInFewRuns) {
    constexpr int64_t tokens = 500;
    const Set needed = {3, 77, 150, 499};
    const auto keeps = [&](const KeptTokens& kept) {
        return std::all_of(needed.begin(), needed.end(),
                           [&](int64_t token) { return kept[static_cast<size_t>(token)] != 0; });
    };
    int64_t asked = 0;
    TokenSearch search(tokens, model_of(keeps, &asked));
    const std::vector<TokenOrder> orders = orders_of(tokens);
    const TokenSets sufficient = search.find(TokenSetKind::sufficient, orders, {.exhaustive = 501});
    ASSERT_TRUE(sufficient.smallest);
    EXPECT_EQ(*sufficient.smallest, needed);
    EXPECT_EQ(sufficient.exhaustive_size, 1) << "a size is tried wholly or not at all";
    EXPECT_FALSE(sufficient.proven);
    for (size_t i = 0; i < orders.size(); ++i) {
        const OrderedTokenSet& set = sufficient.by_order[i];
        EXPECT_EQ(set.tokens, needed);
        EXPECT_TRUE(set.minimal);
        int64_t last = 0;
        for (const int64_t token : needed) {
            last = std::max<int64_t>(
                last, std::find(orders[i].tokens.begin(), orders[i].tokens.end(), token) - orders[i].tokens.begin());
        }
        EXPECT_EQ(set.prefix, last + 1) << "what grows with the prefix has one shortest";
    }
    EXPECT_EQ(asked, sufficient.runs);
    EXPECT_LT(sufficient.runs, 501 + 2 * 200);

    const TokenSets necessary = search.find(TokenSetKind::necessary, orders, {});
    ASSERT_TRUE(necessary.smallest);
    EXPECT_EQ(necessary.smallest->size(), 1U);
    EXPECT_TRUE(necessary.proven) << "the whole text, which is the only smaller set, keeps the prediction";
    EXPECT_EQ(asked, sufficient.runs + necessary.runs);

    asked = 0;
    EXPECT_EQ(search.find(TokenSetKind::sufficient, orders, {}).smallest, needed);
    EXPECT_LT(asked, 1024) << "answers that are known are not asked for again";
}

TEST(TokenSearch, SaysThatThereIsNone) {
    const auto always = model_of([](const KeptTokens&) { return true; });
    TokenSearch search(4, always);
    const TokenSets necessary = search.find(TokenSetKind::necessary, orders_of(4), {});
    EXPECT_FALSE(necessary.smallest);
    EXPECT_TRUE(necessary.proven);
    EXPECT_EQ(necessary.exhaustive_size, 4);
    EXPECT_FALSE(necessary.by_order[0].prefix);
    const TokenSets sufficient = search.find(TokenSetKind::sufficient, orders_of(4), {});
    EXPECT_EQ(sufficient.smallest, Set());
    EXPECT_EQ(sufficient.by_order[0].prefix, 0);
    EXPECT_TRUE(sufficient.by_order[0].minimal);
    EXPECT_TRUE(sufficient.proven);

    TokenSearch of_many(60, always);
    const TokenSets none = of_many.find(TokenSetKind::necessary, orders_of(60), {.exhaustive = 100});
    EXPECT_FALSE(none.smallest);
    EXPECT_FALSE(none.proven);
    EXPECT_EQ(none.exhaustive_size, 1);

    TokenSearch of_one(1, always);
    EXPECT_EQ(of_one.find(TokenSetKind::sufficient, orders_of(1), {}).smallest, Set());
    TokenSearch of_nothing(0, always);
    EXPECT_EQ(of_nothing.find(TokenSetKind::sufficient, orders_of(0), {}).smallest, Set());
    EXPECT_FALSE(of_nothing.find(TokenSetKind::necessary, orders_of(0), {}).smallest);
}

TEST(TokenSearch, TellsWherePruningMetItsLimit) {
    const auto half =
        model_of([](const KeptTokens& kept) { return std::accumulate(kept.begin(), kept.end(), 0) >= 30; });
    TokenSearch search(60, half);
    const TokenSets sets = search.find(TokenSetKind::sufficient, orders_of(60), {.pruning = 20, .exhaustive = 0});
    EXPECT_EQ(sets.smallest->size(), 30U);
    EXPECT_FALSE(sets.by_order[0].minimal);
    EXPECT_EQ(sets.exhaustive_size, -1);
    EXPECT_FALSE(sets.proven);
}

TEST(TokenSearch, TakesAnswersThatAreKnown) {
    const KeptTokens known = {0, 1};
    TokenSearch search(2, model_of([&](const KeptTokens& kept) {
                           EXPECT_NE(kept, known) << "its answer is known";
                           return true;
                       }));
    search.know(known, false);
    EXPECT_EQ(search.find(TokenSetKind::necessary, orders_of(2), {}).smallest, Set({0}));
}

TEST(TokenSearch, RefusesWhatIsNoOrder) {
    TokenSearch search(3, model_of([](const KeptTokens&) { return true; }));
    EXPECT_THROW(search.find(TokenSetKind::sufficient, std::vector<TokenOrder>{{"raw", {0, 1}}}, {}), Error);
    EXPECT_THROW(search.find(TokenSetKind::sufficient, std::vector<TokenOrder>{{"raw", {0, 1, 1}}}, {}), Error);
}

}  // namespace
}  // namespace heed::test::token_search_test
