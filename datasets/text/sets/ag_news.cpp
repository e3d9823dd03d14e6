#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_rows.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> ag_news_classes = {"World", "Sports", "Business", "Sci/Tech"};
const TextFacts ag_news_facts = {ag_news_classes, 120000, 7600};
// The last two: a copy of 10,001 training texts that is handed round without the rest.
const std::vector<std::string> ag_news_train = {"train.csv",    "train.csv.gz", "train.tsv",
                                                "train.tsv.gz", "dev10k.tsv",   "dev10k.tsv.gz"};
const std::vector<std::string> ag_news_test = {"test.csv", "test.csv.gz", "test.tsv", "test.tsv.gz"};

DataSearch ag_news_search() {
    return {"ag_news",
            {"ag_news", "ag-news", "ag_news_csv"},
            ag_news_train,
            "put train.csv and test.csv (number of the class, title, description), or train.tsv and test.tsv (text, "
            "name of the class), into data/ag_news, or name their folder by data.root"};
}

std::shared_ptr<const TextSource> read_ag_news(const fs::path& file) {
    TextColumns columns;
    columns.header = false;
    const bool is_csv = table_format_of(file.filename().string()) == TableFormat::csv;
    columns.text = is_csv ? std::vector<std::string>{"2", "3"} : std::vector<std::string>{"1"};
    columns.label = is_csv ? "1" : "2";
    columns.width = is_csv ? 3 : 2;
    TextRows rows = read_text_rows(file, columns);
    if (is_csv) {
        for (TextRow& row : rows.rows) {
            std::string& label = row.labels.front();
            if (label.size() != 1 || label[0] < '1' || label[0] > '4') {
                throw UserError(fmt::format("'{}', line {}: expected the number of a class from 1 to 4, found {}",
                                            rows.file, row.line, quote(label)));
            }
            label = ag_news_classes[static_cast<std::size_t>(label[0] - '1')];
        }
    }
    return make_text_source(std::move(rows), ag_news_classes, false);
}

TextData open_ag_news(const TextDataOptions& options) {
    options.validate();
    const fs::path folder = find_data_folder(ag_news_search(), options.root);
    const fs::path train = find_data_file(folder, ag_news_train), test = find_data_file(folder, ag_news_test);
    const auto train_texts = read_ag_news(train);
    TextData data = make_text_data("ag_news", train.string() + ", " + test.string(), train_texts, nullptr,
                                   read_ag_news(test), options);
    compare_with_published(data, ag_news_facts, train_texts->size());
    return data;
}

}  // namespace

TextDataSet ag_news() {
    TextDataSet set;
    set.name = "ag_news";
    set.summary = "news, 4 classes (World, Sports, Business, Sci/Tech), 120,000 + 7,600 texts";
    set.search = ag_news_search();
    set.how_to_get = set.search->how_to_get;
    set.facts = ag_news_facts;
    set.make_options = [] {
        auto options = std::make_unique<TextDataOptions>();
        options->length = 128;
        return options;
    };
    set.open = open_ag_news;
    return set;
}

}  // namespace heed
