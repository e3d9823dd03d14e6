#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Log-probabilities of texts, a line each, in windows as evaluations have them (data.eval_context, data.eval_stride).
/// Throws UserError for a line of less than two tokens: the first has no probability.
void score_lines_of_text(SavedModel& saved, const ScoreRequest& request);

}  // namespace heed
