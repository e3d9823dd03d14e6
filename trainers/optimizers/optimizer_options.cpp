#include "heed/trainers/optimizers/optimizer_options.h"

#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"

namespace heed {

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
        .range(0, 1e6)
        .only_with("schedule", {"linear", "cosine", "inverse_sqrt", "step", "one_cycle"});
    fields.add("step_every", step_every, "length after which the learning rate falls, again and again")
        .only_with("schedule", {"step"});
    fields.add("step_factor", step_factor, "by which it is multiplied then")
        .range(0, 1)
        .only_with("schedule", {"step"});
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

}  // namespace heed
