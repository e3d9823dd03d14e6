// ctest: cuda
// ctest: emulation
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "heed/core/cuda/cuda_device.h"
#include "heed/core/cuda/nccl/nccl_communicator.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/cuda_emulation/fake_nccl.h"
#include "heed/tests/cuda_emulation/machine.h"
#include "heed/tests/support/close.h"
#include "heed/tests/trainers/images/formula_images.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/optimizers/adam.h"

// Trainings of ranks with a card each, which exchange by a stand-in for NCCL.

namespace heed::test::nccl_training_test {
namespace {

using cuda_emulation::FakeNccl;

struct Outcome {
    std::vector<double> losses, norms;
    std::vector<float> weights;
};

Outcome train(const TrainOptions& train, const std::string& device, Communicator& ranks) {
    Context context(device);
    const ImageData data =
        data_of(std::make_shared<FormulaImages>(18, ImageShape{1, 4, 4}, 3), Normalisation{{0.5}, {0.25}});
    VitOptions vit;
    vit.dim = 8;
    vit.depth = 1;
    vit.heads = 2;
    vit.mlp_dim = 8;
    vit.patch = 2;
    AttentionOptions attention;
    const std::unique_ptr<ImageClassifier> model = make_vit(vit, {&attention_type("sdpa"), &attention}, {1, 4, 4, 3});
    ParameterStore store(context, *model, 3);
    ImageTask task(context, *model, data, 0.0, 8, AugmentOptions());
    AdamWOptions adam;
    adam.lr = 3e-3;
    adam.schedule = "constant";
    adam.warmup = Span::steps(0);
    Trainer trainer(context, task, store, train, adam, 6, ranks);
    trainer.begin({});
    Outcome outcome;
    while (!trainer.finished()) {
        const StepResult step = trainer.step();
        outcome.losses.push_back(step.loss);
        outcome.norms.push_back(step.gradient_norm);
    }
    for (Parameter* parameter : store.parameters()) {
        const std::vector<float> values = parameter->value().to_vector();
        outcome.weights.insert(outcome.weights.end(), values.begin(), values.end());
    }
    return outcome;
}

TEST(NcclTraining, RanksOnCardsTrainAsOneProcessorDoes) {
    if (!make_nccl_communicator) GTEST_SKIP() << "built without the emulation of CUDA";
    cuda_emulation::machine().cards = 3;
    TrainOptions options;
    options.steps = 3;
    options.seed = 3;
    SelfCommunicator alone;
    const Outcome wanted = train(options, "cpu", alone);
    for (const bool shards : {false, true}) {
        SCOPED_TRACE(shards ? "shards of the optimizer" : "the whole optimizer on each rank");
        options.shard_optimizer = shards;
        FakeNccl nccl(3);
        std::vector<Outcome> outcomes(3);
        run_local_ranks(3, [&](Communicator& hosts) {
            use_cuda_card(hosts.rank());
            const std::unique_ptr<Communicator> ranks = make_nccl_communicator(hosts, nccl.library(), 60);
            outcomes[static_cast<size_t>(hosts.rank())] = train(options, "cuda", *ranks);
        });
        for (const Outcome& outcome : outcomes) {
            ASSERT_EQ(outcome.losses.size(), 3u);
            for (size_t step = 0; step < 3; ++step) {
                EXPECT_CLOSE(outcome.losses[step], wanted.losses[step], 1e-5);
                EXPECT_CLOSE(outcome.norms[step], wanted.norms[step], 1e-4);
            }
            EXPECT_EQ(outcome.weights, outcomes[0].weights) << "ranks have drifted apart";
        }
        EXPECT_FALSE(nccl.calls(0).empty());
        for (int rank = 1; rank < 3; ++rank) EXPECT_EQ(nccl.calls(rank), nccl.calls(0)) << "rank " << rank;
        EXPECT_EQ(nccl.destroyed(), 3);
        EXPECT_EQ(nccl.aborted(), 0);
    }
    cuda_emulation::machine() = {};
}

}  // namespace
}  // namespace heed::test::nccl_training_test
