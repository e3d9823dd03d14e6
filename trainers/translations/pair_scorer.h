#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Log-probabilities of given translations: lines of a source, a tab and its translation. Throws UserError for other
/// lines and for sentences that the model cannot be given.
void score_pairs(SavedModel& saved, const ScoreRequest& request);

}  // namespace heed
