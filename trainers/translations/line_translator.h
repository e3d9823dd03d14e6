#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Translates sentences, one a line or a row of a table: an answer for every one, in order. Throws UserError for lines
/// that are none.
void translate_lines(SavedModel& saved, const TranslateRequest& request);

}  // namespace heed
