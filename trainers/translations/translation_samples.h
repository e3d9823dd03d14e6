#pragma once

#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Hands over a sample for each token, or the one that is asked for, of the translation of each line: the one behind a
/// tab, else the model's own, as `decoding` says; or of each pair of a split of the data, whose translation is given.
/// Lines without a token are passed over, those that are longer than what the model reads are cut; both is said on
/// standard error. Throws UserError for lines that are none and a given translation that is too long.
void explain_translations(SavedModel& saved, const SampleRequest& request, const TakeSample& take);

}  // namespace heed
