#include "heed/trainers/ranks/gradient_exchange.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/layers/models/translator.h"

namespace heed {
namespace {

/// A translator whose embeddings are one parameter, used three times, with or without activation checkpoints.
struct TiedTranslator {
    explicit TiedTranslator(bool checkpoints) {
        TranslatorOptions options;
        options.dim = 8;
        options.encoder_depth = options.decoder_depth = 2;
        options.heads = 2;
        options.mlp_dim = 16;
        options.dropout = 0;
        options.tie = "all";
        options.checkpoint_activations = checkpoints;
        const AttentionChoice sdpa = {&attention_type("sdpa"), &attention_options};
        model = make_translator(options, {sdpa, sdpa, sdpa}, {12, 12, 8, 8, true});
        store = std::make_unique<ParameterStore>(context, *model, 5);
    }

    void backward(int shift) {
        std::vector<int32_t> ids, targets;
        for (int i = 0; i < 8; ++i) {
            ids.push_back((i * 5 + shift) % 12);
            targets.push_back((i * 7 + shift) % 12);
        }
        const Tensor lengths = Tensor::from_host(context, {2}, std::vector<int32_t>{4, 3});
        const Tensor tokens = Tensor::from_host(context, {2, 4}, ids);
        const Variable encoded = model->encode(tokens, lengths, {});
        const Variable logits = model->decode(tokens, lengths, encoded, lengths, {});
        const Variable rows = reshape(logits, {8, 12});
        context.tape().backward(cross_entropy(rows, Tensor::from_host(context, {8}, targets), 0.0f).loss);
    }

    std::vector<float> gradients() const {
        std::vector<float> all;
        for (const ParameterGroup& group : store->groups()) {
            if (!group.trainable) continue;
            const std::vector<float> part = group.gradients.to_vector();
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }

    Context context{"cpu"};
    AttentionOptions attention_options;
    std::unique_ptr<Translator> model;
    std::unique_ptr<ParameterStore> store;
};

/// Remembers each gradient as it was when it was called final.
class Memory final : public GradientListener {
public:
    void gradient_is_final(GradientSlot& slot) override {
        order.push_back(&slot);
        EXPECT_TRUE(values.emplace(&slot, slot.defined() ? slot.gradient().to_vector() : std::vector<float>()).second);
    }

    std::vector<const GradientSlot*> order;
    std::map<const GradientSlot*, std::vector<float>> values;
};

TEST(GradientListener, HearsOfEachGradientOnceAndWhenNothingIsAddedAnyMore) {
    for (const bool checkpoints : {false, true}) {
        TiedTranslator translator(checkpoints);
        for (int round = 0; round < 2; ++round) {
            Memory memory;
            translator.store->begin_step();
            translator.context.tape().set_listener(&memory);
            translator.backward(round);
            translator.context.tape().set_listener(nullptr);
            translator.context.tape().clear();
            EXPECT_EQ(memory.values.size(), translator.store->parameters().size());
            for (Parameter* parameter : translator.store->parameters()) {
                GradientSlot& slot = parameter->gradient_slot();
                ASSERT_TRUE(memory.values.contains(&slot)) << parameter->parts().front().name;
                EXPECT_EQ(memory.values[&slot], slot.gradient().to_vector()) << parameter->parts().front().name;
            }
            const auto name_of = [&](const GradientSlot* slot) {
                for (Parameter* parameter : translator.store->parameters()) {
                    if (&parameter->gradient_slot() == slot) return parameter->parts().front().name;
                }
                return std::string();
            };
            // The embedding is used first and last; what only the end of the decoder uses is final long before.
            EXPECT_NE(name_of(memory.order.back()).find("embedding"), std::string::npos)
                << name_of(memory.order.back());
            EXPECT_EQ(name_of(memory.order.front()).find("decoder"), 0u) << name_of(memory.order.front());
        }
    }
}

TEST(GradientExchange, HasTheSameSumsInOneBucketAndInMany) {
    for (const bool scatters : {false, true}) {
        std::vector<std::vector<float>> sums;
        for (const int64_t bucket_bytes : {1, 1 << 20}) {
            run_local_ranks(2, [&](Communicator& ranks) {
                TiedTranslator translator(true);
                GradientExchange exchange(*translator.store, ranks, 1, false, scatters, bucket_bytes);
                exchange.begin_step();
                exchange.begin_micro_batch(0);
                translator.context.tape().set_listener(exchange.listener(0));
                translator.backward(ranks.rank());
                translator.context.tape().set_listener(nullptr);
                translator.context.tape().clear();
                exchange.end_micro_batch(0);
                exchange.send_rest();
                exchange.finish();
                const size_t buckets = exchange.times().buckets.size();
                if (bucket_bytes == 1) {
                    EXPECT_EQ(buckets, translator.store->parameters().size());
                    EXPECT_LT(exchange.times().buckets[buckets / 2].sent, exchange.times().backward_ended);
                } else {
                    EXPECT_EQ(buckets, 2u) << "one for each group";
                }
                std::vector<Tensor> gradients;
                for (const ParameterGroup& group : translator.store->groups()) gradients.push_back(group.gradients);
                if (scatters) exchange.gather_owned(gradients, "gradients");
                if (ranks.rank() == 0) sums.push_back(translator.gradients());
            });
        }
        EXPECT_EQ(sums[0], sums[1]);
    }
}

TEST(GradientExchange, ARankWithoutDataSendsTheSameBuckets) {
    run_local_ranks(3, [&](Communicator& ranks) {
        TiedTranslator translator(false), alone(false);
        GradientExchange exchange(*translator.store, ranks, 1, false, false, 1);
        for (int round = 0; round < 2; ++round) {
            exchange.begin_step();
            exchange.begin_micro_batch(0);
            if (ranks.rank() == 1) {
                translator.context.tape().set_listener(exchange.listener(0));
                translator.backward(3);
                translator.context.tape().set_listener(nullptr);
                translator.context.tape().clear();
            }
            exchange.end_micro_batch(0);
            exchange.send_rest();
            exchange.finish();
        }
        alone.backward(3);
        alone.store->finish_gradients();
        EXPECT_EQ(translator.gradients(), alone.gradients());
    });
}

}  // namespace
}  // namespace heed
