#pragma once

#include "heed/datasets/text/parallel_data.h"
#include "heed/trainers/loop/evaluation.h"
#include "heed/trainers/report/report.h"
#include "heed/trainers/translations/alignment.h"

namespace heed {

/// Adds the result of a translator, some of its translations beside source and references, and pictures of alignments
/// with a remark on them, which may be empty.
void add_translation_sections(ReportInput& input, const ReferenceText& texts, const Evaluation& test,
                              const std::vector<Alignment>& alignments, const std::string& remark);

}  // namespace heed
