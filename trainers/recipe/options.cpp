#include "heed/core/device/device.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/recipe/class_weight_options.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/optimizer_options.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {
namespace {

constexpr double most_steps = 4294967295.0;  // what the counter of the random numbers holds
constexpr double below_one = 0.999999999;

std::vector<std::string> device_names() {
    std::vector<std::string> names;
    for (const DeviceType& type : device_types()) names.emplace_back(type.name);
    return names;
}

}  // namespace

void GeneralOptions::describe(Fields& fields) {
    fields.add("init", init,
               "safetensors file, checkpoint or run folder whose weights the training starts from; empty: random");
    fields.add("device", device, "what computes: the processor, or plain loops that check it").choices(device_names());
    fields.add("threads", threads, "threads for computing; 0: all that this process may use")
        .range(0, max_thread_count);
}

void RunOptions::describe(Fields& fields) {
    fields.add("dir", dir, "run folder; empty: runs/<name>/<next number>");
    fields.add("name", name, "name of the run; empty: the recipe's folder and file");
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
    fields
        .add("ema", ema,
             "memory of a running average of the weights, such as 0.999, with which it is evaluated and saved; 0: none")
        .range(0, below_one);
    fields
        .add("patience", patience,
             "validations without a better result (accuracy; micro F1 of several labels; loss of translations) after "
             "which it ends; 0: it goes on")
        .range(0, 1e9)
        .unit("validations");
    fields.add("eval_every", eval_every, "epochs from one validation to the next").range(1, 1e9).unit("epochs");
    fields.add("checkpoint_every", checkpoint_every, "steps from one saved state to the next; 0: after each epoch")
        .range(0, most_steps)
        .unit("steps");
    fields
        .add("watch_every", watch_every,
             "steps from one measurement of weight updates and attention to the next, which changes nothing; 0: none")
        .range(0, most_steps)
        .unit("steps");
}

void TrainOptions::validate() const {
    if (epochs == 0 && steps == 0) throw UserError("train.epochs or train.steps must be above 0");
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

void OptimizerOptions::describe(Fields& fields) {
    fields.add("lr", lr, "learning rate after the warm-up").range(0, 1e6);
    fields.add("weight_decay", weight_decay, "strength of the pull of the weights towards zero").range(0, 1e6);
    fields.add(
        "no_decay", no_decay,
        "further parameters without weight decay, by a part of their name; biases, norms and positions never have it");
    fields.add("schedule", schedule, "how the learning rate falls after the warm-up")
        .choices({"constant", "linear", "cosine", "inverse_sqrt", "step", "one_cycle"});
    fields.add("warmup", warmup, "length of the rise of the learning rate, from 0 (one_cycle: from lr / 25)");
    fields.add("min_lr", min_lr, "learning rate at the end of a schedule; inverse_sqrt and step stay above it")
        .range(0, 1e6);
    fields.add("step_every", step_every, "schedule step: length after which the learning rate falls, again and again");
    fields.add("step_factor", step_factor, "schedule step: by which it is multiplied then").range(0, 1);
    fields.add(
        "lr_scale", lr_scale,
        "other learning rates, as part-of-name=factor (head=0.1); the last that fits counts, 0 keeps the weights");
}

void OptimizerOptions::validate() const {
    if (min_lr > lr) {
        throw UserError("optimizer.min_lr (" + format_double(min_lr) + ") must not be above optimizer.lr (" +
                        format_double(lr) + ")");
    }
    if (schedule == "step" && step_every.amount == 0) {
        throw UserError("optimizer.step_every must be above 0 with optimizer.schedule step");
    }
    for (const std::string& text : lr_scale) {
        const size_t equals = text.rfind('=');
        double factor = 0;
        const bool parsed = equals != std::string::npos && equals > 0 && parse_double(text.substr(equals + 1), factor);
        if (!parsed || !(factor >= 0 && factor <= 1e6)) {
            throw UserError("optimizer.lr_scale expects items like head=0.1 with a factor from 0 to 1e6, got " +
                            quote(text));
        }
    }
}

void AdamWOptions::describe(Fields& fields) {
    OptimizerOptions::describe(fields);
    fields.add("beta1", beta1, "memory of the mean of the gradients").range(0, below_one);
    fields.add("beta2", beta2, "memory of the mean of their squares").range(0, below_one);
    fields.add("epsilon", epsilon, "added to the root of the mean square, against division by zero").range(1e-30, 1);
}

void RmsPropOptions::describe(Fields& fields) {
    OptimizerOptions::describe(fields);
    fields.add("memory", memory, "memory of the mean of the squared gradients (PyTorch's alpha)").range(0, below_one);
    fields.add("epsilon", epsilon, "added to its root, against division by zero").range(1e-30, 1);
    fields.add("momentum", momentum, "memory of the sum of the scaled gradients; 0: none").range(0, below_one);
}

void SgdOptions::describe(Fields& fields) {
    OptimizerOptions::describe(fields);
    fields.add("momentum", momentum, "memory of the sum of the gradients; 0: none").range(0, below_one);
    fields.add("nesterov", nesterov, "look ahead along the momentum");
}

void SgdOptions::validate() const {
    OptimizerOptions::validate();
    if (nesterov && momentum == 0) throw UserError("optimizer.nesterov needs optimizer.momentum above 0");
}

}  // namespace heed
