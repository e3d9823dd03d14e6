#include "heed/core/ops/tokens/embedding.h"
#include "heed/core/ops/tokens/first_tokens.h"
#include "heed/core/ops/tokens/image.h"
#include "heed/core/ops/tokens/last_tokens.h"
#include "heed/core/ops/tokens/real_tokens.h"
#include "heed/core/ops/tokens/tokens.h"
#include "heed/tests/core/ops/op_cases.h"
#include "heed/tests/definitions/tokens.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test {

namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

OpCase embedding_case(const definitions::Integers& ids, const Shape& id_shape, int64_t vocabulary, int64_t dim,
                      float factor) {
    return {.op = "embedding",
            .label = "ids " + id_shape.to_string() + ", dim " + std::to_string(dim),
            .inputs = {{"table", {vocabulary, dim}}},
            .run =
                [=](Context& context, const Variables& in) {
                    return Variables{embedding(in[0], integers(context, ids).reshape(id_shape), factor)};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::embedding(in[0], ids, dim, static_cast<double>(factor))};
                },
            .value_bound = 1e-6,
            .gradient_bound = 5e-6};
}

OpCase to_patches_case(const definitions::ImageSizes& sizes, int64_t patch, int64_t overlap) {
    const Shape shape{sizes.batch, sizes.channels, sizes.height, sizes.width};
    return {
        .op = "to_patches",
        .label = shape.to_string() + " patch " + std::to_string(patch) + " overlap " + std::to_string(overlap),
        .inputs = {{"images", shape}},
        .run = [=](Context&, const Variables& in) { return Variables{to_patches(in[0], patch, overlap)}; },
        .definition = [=](const Arrays& in) { return Arrays{definitions::to_patches(in[0], sizes, patch, overlap)}; },
        .value_bound = 0,
        .gradient_bound = 1e-6};
}

OpCase assemble_tokens_case(const definitions::TokenSizes& sizes, bool class_token, bool positions) {
    std::vector<OpInput> inputs = {{"x", {sizes.batch, sizes.tokens, sizes.dim}}};
    if (class_token) inputs.push_back({"class_token", {sizes.dim}});
    if (positions) inputs.push_back({"positions", {sizes.tokens + (class_token ? 1 : 0), sizes.dim}});
    return {
        .op = "assemble_tokens",
        .label = inputs[0].shape.to_string() + (class_token ? ", class token" : "") + (positions ? ", positions" : ""),
        .inputs = inputs,
        .run =
            [=](Context&, const Variables& in) {
                return Variables{
                    assemble_tokens(in[0], class_token ? in[1] : Variable(), positions ? in.back() : Variable())};
            },
        .definition =
            [=](const Arrays& in) {
                const definitions::Values none;
                return Arrays{definitions::assemble_tokens(in[0], class_token ? in[1] : none,
                                                           positions ? in.back() : none, sizes)};
            },
        .value_bound = 1e-6,
        .gradient_bound = 5e-6};
}

OpCase pool_tokens_case(const definitions::TokenSizes& sizes, TokenPool kind, const definitions::Integers& lengths) {
    static const char* names[] = {"first ", "mean ", "max ", "second "};
    OpInput x{"x", {sizes.batch, sizes.tokens, sizes.dim}, kind == TokenPool::max ? Fill::distinct : Fill::uniform};
    if (!lengths.empty()) {
        x.unread = [=](int64_t element) {
            const int64_t token = element / sizes.dim;
            return token % sizes.tokens >= lengths[static_cast<std::size_t>(token / sizes.tokens)];
        };
    }
    return {.op = "pool_tokens",
            .label = names[static_cast<int>(kind)] + x.shape.to_string() + (lengths.empty() ? "" : ", lengths"),
            .inputs = {x},
            .run =
                [=](Context& context, const Variables& in) {
                    return Variables{pool_tokens(in[0], kind, lengths.empty() ? Tensor() : integers(context, lengths))};
                },
            .definition =
                [=](const Arrays& in) {
                    if (kind == TokenPool::first) return Arrays{definitions::pool_first(in[0], sizes)};
                    if (kind == TokenPool::second) return Arrays{definitions::pool_second(in[0], sizes)};
                    if (kind == TokenPool::mean) return Arrays{definitions::pool_mean(in[0], lengths, sizes)};
                    return Arrays{definitions::pool_max(in[0], lengths, sizes)};
                },
            .value_bound = 2e-6,
            .gradient_bound = 2e-6};
}

OpCase last_tokens_case(const definitions::TokenSizes& sizes, int64_t count) {
    OpInput x{"x", {sizes.batch, sizes.tokens, sizes.dim}};
    x.unread = [=](int64_t element) { return element / sizes.dim % sizes.tokens < sizes.tokens - count; };
    return {.op = "last_tokens",
            .label = std::to_string(count) + " of " + x.shape.to_string(),
            .inputs = {x},
            .run = [=](Context&, const Variables& in) { return Variables{last_tokens(in[0], count)}; },
            .definition = [=](const Arrays& in) { return Arrays{definitions::last_tokens(in[0], sizes, count)}; },
            .value_bound = 0,
            .gradient_bound = 1e-6};
}

OpCase first_tokens_case(const definitions::TokenSizes& sizes, int64_t count) {
    OpInput x{"x", {sizes.batch, sizes.tokens, sizes.dim}};
    x.unread = [=](int64_t element) { return element / sizes.dim % sizes.tokens >= count; };
    return {.op = "first_tokens",
            .label = std::to_string(count) + " of " + x.shape.to_string(),
            .inputs = {x},
            .run = [=](Context&, const Variables& in) { return Variables{first_tokens(in[0], count)}; },
            .definition = [=](const Arrays& in) { return Arrays{definitions::first_tokens(in[0], sizes, count)}; },
            .value_bound = 0,
            .gradient_bound = 1e-6};
}

OpCase real_tokens_case(const definitions::TokenSizes& sizes, const definitions::Integers& lengths) {
    OpInput x{"x", {sizes.batch, sizes.tokens, sizes.dim}};
    x.unread = [=](int64_t element) {
        const int64_t token = element / sizes.dim;
        return !lengths.empty() && token % sizes.tokens >= lengths[static_cast<std::size_t>(token / sizes.tokens)];
    };
    return {.op = "real_tokens",
            .label = x.shape.to_string() + (lengths.empty() ? "" : ", lengths"),
            .inputs = {x},
            .run =
                [=](Context& context, const Variables& in) {
                    return Variables{real_tokens(in[0], lengths.empty() ? Tensor() : integers(context, lengths))};
                },
            .definition = [=](const Arrays& in) { return Arrays{definitions::real_tokens(in[0], lengths, sizes)}; },
            .value_bound = 0,
            .gradient_bound = 1e-6};
}

}  // namespace

std::vector<OpCase> token_cases() {
    std::vector<OpCase> cases;
    cases.push_back(embedding_case({3, 0, 3, 3, 1}, {5}, 5, 7, 1));
    cases.push_back(embedding_case({3, 0, 2, 2, 1, 4}, {2, 3}, 5, 33, 2.5F));
    cases.push_back(embedding_case({0, 0, 0, 0}, {1, 2, 2}, 1, 1, 1));
    cases.push_back(embedding_case({}, {0, 4}, 3, 5, 1));
    cases.push_back(to_patches_case({1, 1, 1, 1}, 1, 0));
    cases.push_back(to_patches_case({2, 3, 6, 9}, 3, 0));
    cases.push_back(to_patches_case({2, 1, 14, 7}, 7, 0));
    cases.push_back(to_patches_case({3, 2, 5, 5}, 5, 0));
    cases.push_back(to_patches_case({0, 3, 4, 4}, 2, 0));
    cases.push_back(to_patches_case({2, 3, 6, 9}, 3, 1));
    cases.push_back(to_patches_case({3, 1, 8, 4}, 4, 2));
    cases.push_back(to_patches_case({1, 2, 4, 2}, 2, 5));
    cases.push_back(to_patches_case({0, 1, 4, 4}, 2, 1));
    const std::vector<definitions::TokenSizes> sizes = {{1, 1, 1}, {2, 5, 7}, {3, 4, 33}, {0, 3, 5}};
    for (const definitions::TokenSizes& each : sizes) {
        for (const bool class_token : {true, false}) {
            for (const bool positions : {true, false}) {
                cases.push_back(assemble_tokens_case(each, class_token, positions));
            }
        }
        for (const TokenPool kind : {TokenPool::first, TokenPool::mean, TokenPool::max}) {
            cases.push_back(pool_tokens_case(each, kind, {}));
        }
        if (each.tokens > 1) cases.push_back(pool_tokens_case(each, TokenPool::second, {}));
    }
    cases.push_back(last_tokens_case({1, 1, 1}, 1));
    cases.push_back(last_tokens_case({3, 5, 7}, 2));
    cases.push_back(last_tokens_case({2, 4, 33}, 4));
    cases.push_back(last_tokens_case({2, 3, 5}, 0));
    cases.push_back(last_tokens_case({0, 3, 5}, 2));
    cases.push_back(first_tokens_case({3, 5, 7}, 2));
    cases.push_back(first_tokens_case({2, 4, 33}, 4));
    cases.push_back(first_tokens_case({2, 3, 5}, 0));
    cases.push_back(first_tokens_case({0, 3, 5}, 2));
    cases.push_back(real_tokens_case({2, 3, 5}, {}));
    cases.push_back(real_tokens_case({3, 4, 17}, {4, 0, 1}));
    cases.push_back(real_tokens_case({2, 0, 5}, {0, 0}));
    for (const TokenPool kind : {TokenPool::mean, TokenPool::max}) {
        cases.push_back(pool_tokens_case({3, 5, 7}, kind, {5, 2, 0}));
        cases.push_back(pool_tokens_case({2, 3, 17}, kind, {1, 3}));
    }
    return cases;
}

}  // namespace heed::test
