#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "heed/datasets/text/files/text_file.h"

namespace heed {

/// Sentence pairs as files have them, without white space at their ends.
struct ParallelCorpus {
    std::string name;
    std::vector<std::string> sources;
    std::vector<std::string> targets;
    double weight = 1;     ///< how often a pair is visited in an epoch, on average
    int64_t left_out = 0;  ///< pairs with an empty sentence

    int64_t size() const { return static_cast<int64_t>(sources.size()); }
};

/// Two files whose lines belong together (Moses, Europarl). UserError that names both counts where they differ
/// in more than blank lines at the end.
ParallelCorpus read_line_aligned(const TextFile& source, const TextFile& target);

/// A pair a line, separated by a tab; what follows a second tab (Anki's attribution) does not count. UserError, with
/// file and line, where there is no tab.
ParallelCorpus read_tab_separated_pairs(const TextFile& file);

/// The same from a plain, .gz or .xz file, or from the only .txt or .tsv file of a zip or tar archive whose name does
/// not begin with an underscore.
ParallelCorpus read_pair_file(const std::filesystem::path& file);

/// Sources become targets and the reverse.
void turn_around(ParallelCorpus& corpus);

}  // namespace heed
