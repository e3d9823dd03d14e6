#include "heed/datasets/text/sets/text_pairs.h"

#include <fmt/core.h>

#include <memory>
#include <span>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/files/data_search.h"
#include "heed/datasets/text/files/table_options.h"
#include "heed/datasets/text/sets/parallel_data_set.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

constexpr const char* text_pairs_how_to_get =
    "name by data.train_file a JSON Lines, CSV or TSV file with a column of sources and one of targets, such as "
    "documents and their summaries (data.source, data.target)";

struct TextPairsOptions final : ParallelDataOptions {
    std::string train_file, validation_file, test_file;
    TableOptions table;
    std::string empty = "error";
    std::string source = "source", target = "target";

    TextPairsOptions() { validation = test = "5%"; }

    void describe(Fields& fields) override {
        ParallelDataOptions::describe(fields);
        fields
            .add("train_file", train_file,
                 "training pairs, in data.root if that is set, or else from here or from the places of data sets; .gz "
                 "and .xz are unpacked")
            .path();
        fields.add("validation_file", validation_file, "validation pairs; empty: taken out of the training pairs")
            .path();
        fields.add("test_file", test_file, "test pairs; empty: taken out of the training pairs").path();
        table.describe(fields);
        fields.add("empty", empty, "a row whose source or target is empty is an error, or left out and counted (skip)")
            .choices({"error", "skip"});
        fields.add("source", source, "column, or key of JSON Lines, with what the model reads, such as an article");
        fields.add("target", target, "column with what it is to write, such as a summary");
    }

    void validate() const override {
        ParallelDataOptions::validate();
        table.validate();
        if (source == target) {
            throw UserError(
                fmt::format("data.source and data.target expect different columns, got {} for both", quote(source)));
        }
    }

    fs::path path(const std::string& file) const { return find_named_file(root, file); }

    TableLayout layout(const fs::path& file) const {
        TableLayout layout = table.layout(file.filename().string());
        layout.only_text = true;
        return layout;
    }

    ParallelCorpus read(const std::string& name) const {
        const fs::path place = path(name);
        const TextFile file(place);
        ParallelCorpus corpus;
        corpus.name = "'" + file.name() + "'";
        read_table(file, layout(place), {source, target}, [&](int64_t line, std::span<const TableValue> values) {
            const std::string_view from = trimmed(values[0].front()), to = trimmed(values[1].front());
            if (from.empty() || to.empty()) {
                if (empty == "error") {
                    file.fail(line, fmt::format("expected a text in {}, found an empty one (data.empty skip leaves "
                                                "such rows out)",
                                                quote(from.empty() ? source : target)));
                }
                ++corpus.left_out;
                return;
            }
            corpus.sources.emplace_back(from);
            corpus.targets.emplace_back(to);
        });
        if (corpus.sources.empty())
            throw UserError(fmt::format("expected pairs of texts in {}, found none", corpus.name));
        return corpus;
    }
};

ParallelData open_text_pairs(const ParallelDataOptions& general) {
    const auto& options = dynamic_cast<const TextPairsOptions&>(general);
    options.validate();
    if (options.train_file.empty()) {
        throw UserError(std::string("data.train_file is missing: the data set text_pairs expects it; ") +
                        text_pairs_how_to_get);
    }
    std::vector<ParallelCorpus> corpora = {options.read(options.train_file)};
    std::string origin = corpora[0].name;
    ParallelSplit split = parallel_split(options);
    ParallelCorpus validation, test;
    const auto read_own = [&](const std::string& file, ParallelCorpus& corpus, const ParallelCorpus*& own) {
        if (file.empty()) return;
        corpus = options.read(file);
        own = &corpus;
        origin += ", " + corpus.name;
    };
    read_own(options.validation_file, validation, split.own_validation);
    read_own(options.test_file, test, split.own_test);
    ParallelData data = split_parallel(std::move(corpora), split);
    data.name = "text_pairs";
    data.origin = origin;
    return data;
}

ParallelData open_text_pairs_test(const ParallelDataOptions& general) {
    const auto& options = dynamic_cast<const TextPairsOptions&>(general);
    options.validate();
    return test_alone("text_pairs", options.read(options.test_file));
}

}  // namespace

const std::vector<std::string>& pair_column_settings() {
    static const std::vector<std::string> names = {"format", "separator", "header", "empty", "source", "target"};
    return names;
}

const std::vector<std::string>& source_column_settings() {
    static const std::vector<std::string> names = {"format", "separator", "header", "source"};
    return names;
}

std::vector<SourceRow> read_source_rows(const fs::path& path, const ParallelDataOptions& general) {
    TextPairsOptions plain;
    const auto* own = dynamic_cast<const TextPairsOptions*>(&general);
    const TextPairsOptions& options = own != nullptr ? *own : plain;
    options.validate();
    const TextFile file(path);
    std::vector<SourceRow> rows;
    read_table(file, options.layout(path), {options.source}, [&](int64_t line, std::span<const TableValue> values) {
        rows.push_back({std::string(trimmed(values[0].front())), line});
    });
    if (rows.empty()) throw UserError(fmt::format("expected rows of text in '{}', found none", path.string()));
    return rows;
}

ParallelDataSet text_pairs() {
    ParallelDataSet set;
    set.name = "text_pairs";
    set.summary = "own pairs of texts, such as documents and summaries: JSON Lines, CSV or TSV with columns by name";
    set.how_to_get = text_pairs_how_to_get;
    set.make_options = [] { return std::make_unique<TextPairsOptions>(); };
    set.open = open_text_pairs;
    set.open_test = open_text_pairs_test;
    return set;
}

}  // namespace heed
