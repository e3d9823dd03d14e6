#include "heed/trainers/distillation/distill_options.h"

namespace heed {

void DistillOptions::describe(Fields& fields) {
    fields
        .add("weight", weight,
             "share of the loss that is the divergence from the teacher's answers, the rest being that of the labels; "
             "0: no teacher")
        .range(0, 1);
    fields.add("teacher", teacher, "run folder or checkpoint of the teacher; empty: that of init").path();
    fields.add("temperature", temperature, "by which the logits of both are divided").range(1e-3, 1e3);
    fields.add("epochs", epochs, "epochs for which the teacher is followed, before labels alone count; 0: all")
        .range(0, 1e9)
        .unit("epochs");
}

}  // namespace heed
