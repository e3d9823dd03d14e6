#include "heed/datasets/text/sets/wikitext_leads.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/datasets/text/sets/wikitext_files.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

/// " = Article = ", " = = Section = = " and so on.
bool is_heading(std::string_view line) {
    return line.starts_with("= ") && line.ends_with(" =");
}

/// The words of a line, one space between two, without "<unk>".
std::string known_words(std::string_view line) {
    std::string words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        const std::string_view word = line.substr(0, end);
        if (!word.empty() && word != "<unk>") words += (words.empty() ? "" : " ") + std::string(word);
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

/// Bytes of the first sentence. In the word form its full stop, and that of no abbreviation, has white space before it.
std::size_t first_sentence(std::string_view text) {
    for (std::size_t stop = text.find(" ."); stop < text.size(); stop = text.find(" .", stop + 1)) {
        const std::size_t end = stop + 2;
        if (end == text.size() || text[end] == ' ' || text[end] == '\n') return end;
    }
    return 0;
}

/// Adds the pair of a section, if it gives one. A line without a full stop begins a list or a verse.
void add_section(ParallelCorpus& corpus, std::string_view text) {
    const std::size_t size = first_sentence(text);
    const std::string_view lead = trimmed(text.substr(0, size)), rest = trimmed(text.substr(size));
    if (lead.size() < 2 || lead.find('\n') != std::string_view::npos || rest.size() < lead.size()) return;
    corpus.targets.emplace_back(lead);
    corpus.sources.emplace_back(rest);
}

struct WikitextLeadsOptions final : ParallelDataOptions {
    WikitextLeadsOptions() {
        has_parts = true;
        too_long = "cut_source";
    }
};

ParallelDataSet wikitext_leads(const std::string& number) {
    ParallelDataSet set;
    DataSearch search = wikitext_search(number);
    search.files = {wikitext_names("train").front()};
    search.how_to_get = "put wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens into data/wikitext-" + number +
                        ", or name their folder by data.root";
    set.name = search.name + "_leads";
    set.summary = "sections of WikiText-" + number + " and their first sentences, which stand for summaries";
    set.search = search;
    set.how_to_get = search.how_to_get;
    set.make_options = [] { return std::make_unique<WikitextLeadsOptions>(); };
    set.open = [search, name = set.name](const ParallelDataOptions& options) {
        options.validate();
        const fs::path folder = find_data_folder(search, options.root);
        const auto read = [&](const std::string& part) {
            return read_section_leads(TextFile(find_data_file(folder, {wikitext_names(part).front()})));
        };
        const ParallelCorpus validation = read("valid"), test = read("test");
        ParallelSplit split = parallel_split(options);
        split.own_validation = &validation;
        split.own_test = &test;
        ParallelData data = split_parallel({read("train")}, split);
        data.name = name;
        data.origin = folder.string();
        return data;
    };
    return set;
}

}  // namespace

ParallelCorpus read_section_leads(const TextFile& file) {
    ParallelCorpus corpus;
    corpus.name = "'" + file.name() + "'";
    std::string section;
    LineReader lines(file.content());
    for (std::string_view line; lines.next(line);) {
        const std::string_view text = trimmed(line);
        if (is_heading(text)) {
            add_section(corpus, std::exchange(section, ""));
        } else if (!text.empty()) {
            section += known_words(text) + "\n";
        }
    }
    add_section(corpus, section);
    if (corpus.sources.empty()) {
        throw UserError(
            fmt::format("expected sections of articles below headings of WikiText in {}, found none", corpus.name));
    }
    return corpus;
}

ParallelDataSet wikitext2_leads() {
    return wikitext_leads("2");
}

ParallelDataSet wikitext103_leads() {
    return wikitext_leads("103");
}

}  // namespace heed
