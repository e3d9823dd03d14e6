#include "heed/datasets/text/parallel_corpus.h"

#include <fmt/core.h>

#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/datasets/catalogue/catalogue.h"
#include "heed/datasets/text/files/archive_files.h"

namespace heed {

namespace {

void add_pair(ParallelCorpus& corpus, std::string_view source, std::string_view target) {
    source = trimmed(source);
    target = trimmed(target);
    if (source.empty() || target.empty()) {
        ++corpus.left_out;
        return;
    }
    corpus.sources.emplace_back(source);
    corpus.targets.emplace_back(target);
}

void expect_pairs(const ParallelCorpus& corpus) {
    if (corpus.sources.empty())
        throw UserError(fmt::format("expected pairs of sentences in {}, found none", corpus.name));
}

struct LineCount {
    int64_t lines = 0;
    int64_t filled = 0;  ///< without blank ones at the end
};

LineCount count_lines(const TextFile& file) {
    LineReader lines(file.content());
    LineCount count;
    for (std::string_view line; lines.next(line);) {
        if (!trimmed(line).empty()) count.filled = lines.number();
    }
    count.lines = lines.number();
    return count;
}

/// Whether a file in an archive may hold the pairs.
bool is_pair_file_name(std::string_view name) {
    const std::string_view file = name.substr(name.find_last_of('/') + 1);
    return (file.ends_with(".txt") || file.ends_with(".tsv")) && !file.starts_with('_');
}

}  // namespace

ParallelCorpus read_line_aligned(const TextFile& source, const TextFile& target) {
    const LineCount sources = count_lines(source), targets = count_lines(target);
    // An editor may have put a blank line at the end of one of them.
    if (sources.lines != targets.lines && sources.filled != targets.filled) {
        throw UserError(fmt::format("expected as many lines in '{}' as in '{}', found {} and {}", source.name(),
                                    target.name(), sources.lines, targets.lines));
    }
    ParallelCorpus corpus;
    corpus.name = fmt::format("'{}' and '{}'", source.name(), target.name());
    LineReader source_lines(source.content()), target_lines(target.content());
    for (std::string_view a, b; source_lines.next(a) && target_lines.next(b);) {
        add_pair(corpus, a, b);
    }
    expect_pairs(corpus);
    return corpus;
}

ParallelCorpus read_tab_separated_pairs(const TextFile& file) {
    ParallelCorpus corpus;
    corpus.name = "'" + file.name() + "'";
    LineReader lines(file.content());
    for (std::string_view line; lines.next(line);) {
        const std::size_t tab = line.find('\t');
        if (trimmed(line).empty() && tab == std::string_view::npos) continue;
        if (tab == std::string_view::npos) {
            file.fail(lines.number(), "expected two sentences separated by a tab, found no tab");
        }
        const std::string_view rest = line.substr(tab + 1);
        add_pair(corpus, line.substr(0, tab), rest.substr(0, rest.find('\t')));
    }
    expect_pairs(corpus);
    return corpus;
}

ParallelCorpus read_pair_file(const std::filesystem::path& path) {
    if (!is_archive_name(path.filename().string())) return read_tab_separated_pairs(TextFile(path));
    std::vector<ArchiveFile> files = read_archive(path, is_pair_file_name);
    if (files.size() != 1) {
        std::vector<std::string> names;
        for (const ArchiveFile& file : files) names.push_back(file.name);
        throw UserError(fmt::format("expected one .txt or .tsv file with sentence pairs in '{}', found {}",
                                    path.string(), names.empty() ? "none" : listed(names)));
    }
    return read_tab_separated_pairs(TextFile(path.string() + "/" + files[0].name, std::move(files[0].content)));
}

void turn_around(ParallelCorpus& corpus) {
    std::swap(corpus.sources, corpus.targets);
}

}  // namespace heed
