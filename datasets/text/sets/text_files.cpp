#include "heed/datasets/text/sets/text_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/core/settings/repeated.h"
#include "heed/datasets/text/files/table_options.h"
#include "heed/datasets/text/files/text_rows.h"
#include "heed/datasets/text/text_key.h"
#include "heed/datasets/text/text_overlap.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

constexpr const char* text_files_how_to_get =
    "name by data.train_file a CSV, TSV or JSONL file with a column of texts and one of labels, and by data.test_file "
    "another for testing";

struct TextFilesOptions final : TextDataOptions {
    std::string train_file, validation_file, test_file;
    double test = 0.1;
    TableOptions table;
    std::string empty = "error";
    std::vector<std::string> text = {"text"};
    std::string label = "label";
    std::string label_separator;
    std::vector<std::string> classes;

    void describe(Fields& fields) override {
        TextDataOptions::describe(fields);
        fields
            .add("train_file", train_file,
                 "training texts, in data.root if that is set, or else from here or from the places of data sets; "
                 ".gz and .xz are "
                 "unpacked")
            .path();
        fields.add("validation_file", validation_file, "validation texts; empty: taken out of the training texts")
            .path();
        fields.add("test_file", test_file, "test texts; empty: taken out of the training texts").path();
        fields
            .add("test", test,
                 "about this share of the training texts is kept for testing where there is no data.test_file")
            .range(0.001, 0.9);
        table.describe(fields);
        fields
            .add("empty", empty,
                 "a row without text is an error, or left out and counted (skip), or a sample (keep), of which the "
                 "model reads one unknown token")
            .choices({"error", "skip", "keep"});
        fields.add("text", text, "columns with the text; several are joined, a line each");
        fields.add("label", label, "column with the class");
        fields.add(
            "label_separator", label_separator,
            "what stands between the classes of a text where it can have several or none (in JSON they may be an "
            "array as well); empty: exactly one");
        fields.add("classes", classes, "names of the classes in their order; empty: the labels of the training texts");
    }

    void validate() const override {
        table.validate();
        if (text.empty()) throw UserError("data.text expects at least one column, got an empty list");
        if (classes.size() == 1 && !several()) throw UserError("data.classes expects at least two names, got one");
        if (const std::string* name = first_repeated(classes)) {
            throw UserError(fmt::format("data.classes expects each name once, got {} twice", quote(*name)));
        }
        for (auto column = text.begin(); column != text.end(); ++column) {
            if (*column == label) {
                throw UserError(
                    fmt::format("data.label and data.text expect different columns, got {} for both", quote(label)));
            }
            if (std::find(text.begin(), column, *column) != column) {
                throw UserError(fmt::format("data.text expects each column once, got {} twice", quote(*column)));
            }
        }
    }

    /// Whether a text can have any number of classes.
    bool several() const { return !label_separator.empty(); }

    TextColumns columns() const {
        TextColumns columns;
        columns.header = table.header;
        columns.text = text;
        columns.label = label;
        columns.label_separator = label_separator;
        columns.format = table.given_format();
        columns.separator = table.separator_character();
        columns.empty_advice = " (data.empty skip leaves such rows out, keep keeps them)";
        if (empty == "skip") columns.empty = EmptyText::skip;
        if (empty == "keep") columns.empty = EmptyText::keep;
        return columns;
    }

    fs::path path(const std::string& file) const { return find_named_file(root, file); }
};

std::vector<uint64_t> hashes_of(const TextRows& rows) {
    std::vector<uint64_t> hashes;
    for (const TextRow& row : rows.rows) hashes.push_back(text_hash(row.text));
    return hashes;
}

/// Takes the test rows out of the training rows.
TextRows take_test_rows(TextRows& train, const TextFilesOptions& options) {
    const TrainValidation split = split_texts(hashes_of(train), {}, options.split_seed, "test", options.test);
    TextRows rest{train.file, {}, 0}, test{train.file, {}, 0};
    for (const int64_t i : split.train) rest.rows.push_back(std::move(train.rows[static_cast<std::size_t>(i)]));
    for (const int64_t i : split.validation) test.rows.push_back(std::move(train.rows[static_cast<std::size_t>(i)]));
    train = std::move(rest);
    return test;
}

/// Files of one's own have to hold different texts, or a score would be that of texts that are known.
void refuse_equal_texts(const TextRows& rows, const char* key, const TextRows& others, const char* other_key) {
    if (!same_samples(hashes_of(rows), hashes_of(others))) return;
    throw UserError(
        fmt::format("{} '{}' holds the same texts as {} '{}': expected other texts, or no {}, so that some of the "
                    "training texts are kept back",
                    key, rows.file, other_key, others.file, key));
}

TextData open_text_files(const TextDataOptions& general) {
    const auto& options = dynamic_cast<const TextFilesOptions&>(general);
    options.validate();
    if (options.train_file.empty()) {
        throw UserError(std::string("data.train_file is missing: the data set text_files expects it; ") +
                        text_files_how_to_get);
    }
    const TextColumns columns = options.columns();
    std::vector<std::string> skipped;
    const auto read = [&](const std::string& file) {
        TextRows rows = read_text_rows(options.path(file), columns);
        if (rows.skipped > 0) {
            skipped.push_back(fmt::format("{} rows of '{}' are left out, as they have no text (data.empty)",
                                          rows.skipped, rows.file));
        }
        return rows;
    };
    const bool several = options.several();
    TextRows train = read(options.train_file);
    std::string origin = train.file;
    std::vector<std::string> classes = options.classes.empty() ? labels_of(train) : options.classes;
    const size_t least = several ? 1 : 2;
    if (classes.size() < least) {
        throw UserError(fmt::format("expected at least {} in column '{}' of '{}', found {}",
                                    several ? "one label" : "two classes", options.label, train.file, classes.size()));
    }
    // Before the test rows are taken out, so that a copy of the training file is found.
    std::optional<TextRows> validation_rows, test_rows;
    if (!options.validation_file.empty()) {
        validation_rows = read(options.validation_file);
        refuse_equal_texts(*validation_rows, "data.validation_file", train, "data.train_file");
        origin += ", " + validation_rows->file;
    }
    if (!options.test_file.empty()) {
        test_rows = read(options.test_file);
        refuse_equal_texts(*test_rows, "data.test_file", train, "data.train_file");
        if (validation_rows) {
            refuse_equal_texts(*test_rows, "data.test_file", *validation_rows, "data.validation_file");
        }
        origin += ", " + test_rows->file;
    }
    TextRows test = test_rows ? std::move(*test_rows) : take_test_rows(train, options);
    const std::shared_ptr<const TextSource> validation =
        validation_rows ? make_text_source(std::move(*validation_rows), classes, several) : nullptr;
    const auto train_source = make_text_source(std::move(train), classes, several);
    const auto test_source = make_text_source(std::move(test), classes, several);
    TextData data = make_text_data("text_files", origin, train_source, validation, test_source, options);
    data.remarks.insert(data.remarks.end(), skipped.begin(), skipped.end());
    return data;
}

/// Those of the test texts that stand in the training file as well, where that is there.
std::string training_overlap(const TextFilesOptions& options, const TextSource& test) {
    std::error_code ignored;
    if (options.train_file.empty() || !fs::is_regular_file(options.path(options.train_file), ignored)) return "";
    const TextRows train = read_text_rows(options.path(options.train_file), options.columns());
    return overlap_remark("given", text_hashes(test), "data.train_file", hashes_of(train), "texts");
}

}  // namespace

const std::vector<std::string>& text_column_settings() {
    static const std::vector<std::string> names = {"format", "separator", "empty",          "header",
                                                   "text",   "label",     "label_separator"};
    return names;
}

TextColumns text_columns(const TextDataOptions& options, bool several_labels) {
    const auto* own = dynamic_cast<const TextFilesOptions*>(&options);
    if (own == nullptr) return {};
    own->validate();
    if (own->several() != several_labels) {
        throw UserError(several_labels ? "data.label_separator is missing: the model gives a text any number of labels"
                                       : "data.label_separator is for models that give a text any number of labels, "
                                         "this one gives one");
    }
    return own->columns();
}

TextData open_test_texts(const TextDataOptions& general, const std::vector<std::string>& class_names,
                         bool several_labels) {
    const auto& options = dynamic_cast<const TextFilesOptions&>(general);
    TextRows rows = read_text_rows(options.path(options.test_file), text_columns(options, several_labels));
    TextData data;
    data.name = "text_files";
    data.origin = rows.file;
    if (rows.skipped > 0) {
        data.remarks.push_back(
            fmt::format("{} rows of '{}' are left out, as they have no text (data.empty)", rows.skipped, rows.file));
    }
    data.test.source = make_text_source(std::move(rows), class_names, several_labels);
    data.test.indices.resize(static_cast<std::size_t>(data.test.source->size()));
    std::iota(data.test.indices.begin(), data.test.indices.end(), int64_t{0});
    data.train.source = data.validation.source = std::make_shared<TextSource>(class_names, several_labels);
    if (std::string remark = training_overlap(options, *data.test.source); !remark.empty()) {
        data.remarks.push_back(std::move(remark));
    }
    return data;
}

TextDataSet text_files() {
    TextDataSet set;
    set.name = "text_files";
    set.summary = "own texts in CSV, TSV or JSONL files with named columns, one class a text or several";
    set.how_to_get = text_files_how_to_get;
    set.make_options = [] { return std::make_unique<TextFilesOptions>(); };
    set.open = open_text_files;
    return set;
}

}  // namespace heed
