#pragma once

#include <string>

#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/parallel_corpus.h"

namespace heed {

/// The sections of a file of WikiText in its word form: targets are their first sentences, sources what follows them,
/// a line each paragraph. That a document's leading sentence stands for its summary is an idea of PEGASUS (Zhang et
/// al., ICML 2020, section 3.1, "Lead"). Sections that are shorter without their first sentence than it is give no
/// pair. The marks of unknown words are taken out, as a score would count them as words that were found.
ParallelCorpus read_section_leads(const TextFile& file);

}  // namespace heed
