#pragma once

#include "heed/datasets/text/parallel_data.h"
#include "heed/trainers/evaluation.h"
#include "heed/trainers/report/report.h"

namespace heed {

/// Adds the result of a translator and some of its translations beside source and references.
void add_translation_sections(ReportInput& input, const ReferenceText& texts, const Evaluation& test);

}  // namespace heed
