#include <algorithm>
#include <iterator>

#include "heed/core/device/device.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/recipe/class_weight_options.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {
namespace {

constexpr double most_steps = 4294967295.0;  // what the counter of the random numbers holds
constexpr double below_one = 0.999999999;

std::vector<std::string> device_names() {
    std::vector<std::string> names;
    for (const DeviceType& type : device_types()) {
        if (type.computes) names.emplace_back(type.name);
    }
    return names;
}

}  // namespace

void GeneralOptions::describe(Fields& fields) {
    fields
        .add("init", init,
             "safetensors file, checkpoint or run folder whose weights the training starts from; empty: random")
        .path();
    fields.add(
        "init_strict", init_strict,
        "whether those weights must be exactly the model's, of the same classes and tokenizer; false: what fits is "
        "taken, positions are made to fit, the rest is new");
    fields.add("device", device, "what computes: the processor, plain loops that check it, or an NVIDIA card")
        .choices(device_names());
    fields
        .add("precision", precision,
             "how exactly matrices are multiplied: operands in f32, or rounded to tf32 (10 bits after the point; cuda) "
             "or bf16 (7 bits; cuda, and processors with AVX512-BF16 or AMX), which then is also the type of what lies "
             "between the layers of an MLP; weights, sums and all else are f32")
        .choices({std::begin(precision_names), std::end(precision_names)});
    fields.add("threads", threads, "threads for computing; 0: all that this process may use")
        .range(0, max_thread_count);
}

void GeneralOptions::validate() const {
    if (!init_strict && init.empty()) throw UserError("init_strict: false needs weights to start from: init");
}

Precision GeneralOptions::products() const {
    const auto* const found = std::find(std::begin(precision_names), std::end(precision_names), precision);
    return static_cast<Precision>(found - std::begin(precision_names));
}

void RunOptions::describe(Fields& fields) {
    fields.add("dir", dir, "run folder; empty: runs/<name>/<next number>").path();
    fields.add("name", name, "name of the run; empty: the recipe's folder and file");
    fields.add("weights_only", weights_only,
               "best checkpoints hold the weights alone: a third of the size with adamw, for use and for init, but no "
               "state to go on from");
    fields.add("tensorboard", tensorboard, "write the metrics also as an event file of TensorBoard");
}

void RunOptions::validate() const {
    if (name == "." || name == ".." || name.find('/') != std::string::npos) {
        throw UserError("run.name expects a name of a folder in runs/, got " + quote(name) +
                        " (run.dir takes any path)");
    }
}

void TrainOptions::describe(Fields& fields) {
    fields.add("epochs", epochs, "passes over the training set; 0: as many as steps says").range(0, 1e9).unit("epochs");
    fields.add("steps", steps, "optimizer steps in all; 0: as many as epochs says").range(0, most_steps).unit("steps");
    fields.add("seed", seed, "start of all random numbers: weights, data order, dropout").range(0, 4294967295.0);
    fields.add("shuffle", shuffle, "visit the training set in a new random order each epoch");
    fields.add("label_smoothing", label_smoothing, "share of the target that is spread over all classes")
        .range(0, below_one);
    fields.add("accumulate", accumulate, "batches whose gradients are added up for one optimizer step")
        .range(1, 1e6)
        .unit("batches");
    fields.add("clip", clip, "greatest norm of the gradient, above which it is scaled down; 0: no clipping")
        .range(0, 1e30);
    fields.add("freeze", freeze, "parameters that are not trained, by a part of their name");
    fields.add("only", only,
               "parameters that alone are trained, by a part of their name; empty: all but those of freeze");
    fields
        .add("ema", ema,
             "decay rate of a running average of the weights, such as 0.999, with which it is evaluated and saved; 0: "
             "none")
        .range(0, below_one);
    fields
        .add("patience", patience,
             "validations without a better result (accuracy; micro F1 of several labels; loss of translations) after "
             "which it ends; 0: it goes on")
        .range(0, 1e9)
        .unit("validations");
    fields
        .add("eval_every", eval_every,
             "epochs from one validation to the next; 0: as eval_steps says. The end is always validated")
        .range(0, 1e9)
        .unit("epochs");
    fields.add("eval_steps", eval_steps, "steps from one validation to the next; 0: as eval_every says")
        .range(0, most_steps)
        .unit("steps");
    fields
        .add("keep_best", keep_best,
             "models that are kept, the best by validation; the weights of all, checkpoints/step-N.safetensors, are "
             "kept "
             "where there are several")
        .range(1, 1000)
        .unit("models");
    fields.add(
        "average_best", average_best,
        "the mean of the weights of the models kept is validated at the end; where it is better than the best, it "
        "is what is tested and used (checkpoints/average.safetensors)");
    fields.add("checkpoint_every", checkpoint_every, "steps from one saved state to the next; 0: after each epoch")
        .range(0, most_steps)
        .unit("steps");
    fields
        .add("watch_every", watch_every,
             "steps from one measurement of weight updates and attention to the next, which changes nothing; 0: none")
        .range(0, most_steps)
        .unit("steps");
    fields.add("test", test,
               "the test set is read at the end; false: it is not, for runs by which settings are chosen on validation "
               "data");
    fields
        .add("exact_reduce", exact_reduce,
             "parts, a power of two, into which a batch is cut whatever the number of processes: their sums are added "
             "in one order, so that 1, 2, 4 ... processes give the same bits; 0: micro-batches alone")
        .range(0, 65536)
        .unit("parts");
    fields.add("shard_optimizer", shard_optimizer,
               "each of several processes keeps and updates a part of the optimizer's state alone");
    fields
        .add("rank_timeout", rank_timeout,
             "seconds that a process waits for another one that mpirun started with it before it ends with an error; "
             "more than rank 0 takes to save")
        .range(0.1, 1e6)
        .unit("s");
}

void TrainOptions::validate() const {
    if (epochs == 0 && steps == 0) throw UserError("train.epochs or train.steps must be above 0");
    if (eval_every == 0 && eval_steps == 0) throw UserError("train.eval_every or train.eval_steps must be above 0");
    if ((exact_reduce & (exact_reduce - 1)) != 0) throw UserError("train.exact_reduce must be 0 or a power of two");
    if (exact_reduce > 0 && exact_reduce < accumulate) {
        throw UserError("train.exact_reduce must be at least train.accumulate");
    }
    if (exact_reduce > 0 && shard_optimizer) {
        throw UserError(
            "train.shard_optimizer adds the gradient norm up in another order: train.exact_reduce needs it off");
    }
    if (average_best && keep_best < 2) throw UserError("train.average_best needs train.keep_best above 1");
}

void ClassWeightOptions::describe(Fields& fields) {
    fields
        .add("weights", weights,
             "a number for each class, in the order of their names, by which its samples count more (scaled to a mean "
             "of 1 over the training samples); where a text can have several labels, by which a text that has the "
             "label counts more; empty: all alike")
        .range(0, 1e9);
    fields.add("balanced", balanced,
               "weights that make all classes count alike: samples / (classes * samples of the class), or, of several "
               "labels, texts without the label / texts with it");
}

void ClassWeightOptions::validate() const {
    if (balanced && !weights.empty()) {
        throw UserError("train.classes.balanced and train.classes.weights exclude each other: give one");
    }
}

}  // namespace heed
