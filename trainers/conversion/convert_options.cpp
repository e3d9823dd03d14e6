#include "heed/trainers/conversion/convert_options.h"

#include "heed/core/error.h"

namespace heed {

void ConvertOptions::describe(Fields& fields) {
    fields
        .add("calibration", calibration,
             "training samples, up to 65,536 tokens of them, on which the new layers are fitted to what the old ones "
             "give, by least squares; 0: without data")
        .range(0, 1e9)
        .unit("samples");
    fields
        .add("align", align,
             "steps in which each new layer alone is then trained to bring what passes through the model back to what "
             "it was before the swap (mean squared error, no labels); 0: none")
        .range(0, 1e9)
        .unit("steps");
    fields.add("align_lr", align_lr, "learning rate of these steps, falling to 0").range(0, 1e3);
}

void ConvertOptions::validate() const {
    if (align > 0 && calibration == 0) throw UserError("convert.align needs samples to work on: convert.calibration");
}

}  // namespace heed
