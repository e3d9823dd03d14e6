#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/split.h"
#include "heed/datasets/text/files/text_rows.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

constexpr const char* text_files_how_to_get =
    "name by data.train_file a CSV, TSV or JSONL file with a column of texts and one of labels, and by data.test_file "
    "another for testing";

struct TextFilesOptions final : TextDataOptions {
    std::string train_file, validation_file, test_file;
    double test = 0.1;
    std::string format = "auto";
    bool header = true;
    std::vector<std::string> text = {"text"};
    std::string label = "label";
    std::string label_separator;
    std::vector<std::string> classes;

    void describe(Fields& fields) override {
        TextDataOptions::describe(fields);
        fields.add("train_file", train_file,
                   "training texts, in data.root if that is set, or else from here or from the places of data sets; "
                   ".gz and .xz are "
                   "unpacked");
        fields.add("validation_file", validation_file, "validation texts; empty: taken out of the training texts");
        fields.add("test_file", test_file, "test texts; empty: taken out of the training texts");
        fields
            .add("test", test, "share of the training texts that is kept for testing where there is no data.test_file")
            .range(0.001, 0.9);
        fields.add("format", format, "how the files are written; auto: as their names tell")
            .choices({"auto", "csv", "tsv", "jsonl"});
        fields.add("header", header, "the first line of CSV and TSV names the columns; else they are numbered from 1");
        fields.add("text", text, "columns with the text; several are joined, a line each");
        fields.add("label", label, "column with the class");
        fields.add(
            "label_separator", label_separator,
            "what stands between the classes of a text where it can have several or none (in JSON they may be an "
            "array as well); empty: exactly one");
        fields.add("classes", classes, "names of the classes in their order; empty: the labels of the training texts");
    }

    void validate() const override {
        if (text.empty()) throw UserError("data.text expects at least one column, got an empty list");
        if (classes.size() == 1 && !several()) throw UserError("data.classes expects at least two names, got one");
        for (auto name = classes.begin(); name != classes.end(); ++name) {
            if (std::find(classes.begin(), name, *name) != name) {
                throw UserError(fmt::format("data.classes expects each name once, got {} twice", quote(*name)));
            }
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
        TextColumns columns{std::nullopt, header, text, label, label_separator};
        if (format == "csv") columns.format = TableFormat::csv;
        if (format == "tsv") columns.format = TableFormat::tsv;
        if (format == "jsonl") columns.format = TableFormat::jsonl;
        return columns;
    }

    fs::path path(const std::string& file) const { return find_named_file(root, file); }
};

/// Takes the test rows out of the training rows.
TextRows take_test_rows(TextRows& train, const TextFilesOptions& options) {
    const TrainValidation split =
        split_train_validation(static_cast<uint64_t>(options.split_seed), std::ssize(train.rows), options.test);
    TextRows rest{train.file, {}}, test{train.file, {}};
    for (const int64_t i : split.train) rest.rows.push_back(std::move(train.rows[static_cast<std::size_t>(i)]));
    for (const int64_t i : split.validation) test.rows.push_back(std::move(train.rows[static_cast<std::size_t>(i)]));
    train = std::move(rest);
    return test;
}

TextData open_text_files(const TextDataOptions& general) {
    const auto& options = dynamic_cast<const TextFilesOptions&>(general);
    options.validate();
    if (options.train_file.empty()) {
        throw UserError(std::string("data.train_file is missing: the data set text_files expects it; ") +
                        text_files_how_to_get);
    }
    const TextColumns columns = options.columns();
    const bool several = options.several();
    TextRows train = read_text_rows(options.path(options.train_file), columns);
    std::string origin = train.file;
    std::vector<std::string> classes = options.classes.empty() ? labels_of(train) : options.classes;
    const size_t least = several ? 1 : 2;
    if (classes.size() < least) {
        throw UserError(fmt::format("expected at least {} in column '{}' of '{}', found {}",
                                    several ? "one label" : "two classes", options.label, train.file, classes.size()));
    }
    TextRows test = options.test_file.empty() ? take_test_rows(train, options)
                                              : read_text_rows(options.path(options.test_file), columns);
    std::shared_ptr<const TextSource> validation;
    if (!options.validation_file.empty()) {
        TextRows rows = read_text_rows(options.path(options.validation_file), columns);
        origin += ", " + rows.file;
        validation = make_text_source(std::move(rows), classes, several);
    }
    if (!options.test_file.empty()) origin += ", " + test.file;
    const auto train_source = make_text_source(std::move(train), classes, several);
    const auto test_source = make_text_source(std::move(test), classes, several);
    return make_text_data("text_files", origin, train_source, validation, test_source, options);
}

}  // namespace

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
