#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Log-probabilities of given classes of texts: lines of a class, a tab and a text. Throws UserError for other lines.
void score_texts(SavedModel& saved, const ScoreRequest& request);

}  // namespace heed
