#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Translates sentences, one a line: an answer for every line, in order. Throws UserError for lines that are none.
void translate_lines(SavedModel& saved, const TranslateRequest& request);

}  // namespace heed
