#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_rows.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

const TextFacts sst2_facts = {{"negative", "positive"}, 67349, 872};

std::vector<std::string> sst2_names(const std::string& part) {
    return {part + ".tsv", part + ".tsv.gz"};
}

DataSearch sst2_search() {
    return {"sst2",
            {"sst2", "SST-2"},
            sst2_names("train"),
            "put train.tsv, dev.tsv and test.tsv (columns sentence and label, plain or .gz) into data/sst2, or name "
            "their folder by data.root"};
}

std::shared_ptr<const TextSource> read_sst2(const fs::path& folder, const std::string& part) {
    TextColumns columns;
    columns.text = {"sentence"};
    columns.width = 2;
    TextRows rows = read_text_rows(find_data_file(folder, sst2_names(part)), columns);
    for (TextRow& row : rows.rows) {
        std::string& label = row.labels.front();
        if (label != "0" && label != "1") {
            throw UserError(fmt::format("'{}', line {}: expected the label 0 (negative) or 1 (positive), found {}",
                                        rows.file, row.line, quote(label)));
        }
        label = label == "1" ? "positive" : "negative";
    }
    return make_text_source(std::move(rows), sst2_facts.class_names, false);
}

/// Whether the header of the test file has labels: GLUE's own has none.
bool has_sst2_test_labels(const fs::path& folder) {
    for (const std::string& name : sst2_names("test")) {
        if (!path_exists(folder / name)) continue;
        const TextFile file(folder / name);
        std::string_view content = file.content();
        const std::string header = "\t" + std::string(take_line(content)) + "\t";
        return header.find("\tlabel\t") != std::string::npos;
    }
    return false;
}

TextData open_sst2(const TextDataOptions& options) {
    options.validate();
    const fs::path folder = find_data_folder(sst2_search(), options.root);
    const auto train = read_sst2(folder, "train");
    const bool has_test = has_sst2_test_labels(folder);
    const auto dev = read_sst2(folder, "dev");
    TextData data = make_text_data("sst2", folder.string(), train, has_test ? dev : nullptr,
                                   has_test ? read_sst2(folder, "test") : dev, options);
    data.remarks.push_back(has_test ? "validation is dev.tsv, the test set test.tsv, which has labels"
                                    : "the test set is dev.tsv, as there are no labels of test.tsv; validation is "
                                      "taken out of the training texts");
    compare_with_published(data, sst2_facts, train->size());
    return data;
}

}  // namespace

TextDataSet sst2() {
    TextDataSet set;
    set.name = "sst2";
    set.summary =
        "phrases of film reviews, negative or positive, 67,349 + 872 texts (GLUE SST-2; dev is the test set where test "
        "has no labels)";
    set.search = sst2_search();
    set.how_to_get = set.search->how_to_get;
    set.facts = sst2_facts;
    set.make_options = [] {
        auto options = std::make_unique<TextDataOptions>();
        options->length = 64;
        return options;
    };
    set.open = open_sst2;
    return set;
}

}  // namespace heed
