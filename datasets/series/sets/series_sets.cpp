#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/series/series_windows.h"
#include "heed/datasets/series/sets/series_set.h"
#include "heed/datasets/series/sets/split_point.h"

namespace heed {

namespace {

constexpr const char* csv_series_how_to_get =
    "name by data.file a CSV or TSV file with a header, a column of dates (data.date) and columns of numbers";

struct CsvSeriesOptions final : SeriesOptions {
    std::string file;
    std::string date = "date";
    std::string format = "auto";
    std::string separator = "auto";
    std::string validation = "10%";
    std::string test = "20%";

    void describe(Fields& fields) override {
        SeriesOptions::describe(fields);
        fields
            .add("file", file,
                 "the series, in data.root if that is set, or else from here or from the places of data sets; .gz and "
                 ".xz are unpacked")
            .path();
        fields.add("date", date,
                   "column of the dates (2016-07-01 13:00:00, 2016-07-01 or with /), which have to be evenly spaced");
        fields.add("format", format, "how the file is written; auto: as its name tells")
            .choices({"auto", "csv", "tsv"});
        fields
            .add("separator", separator,
                 "what stands between the columns of CSV files; auto: a comma (of TSV it is always a tab)")
            .choices({"auto", "comma", "semicolon", "tab", "pipe"});
        fields.add("validation", validation,
                   "the rows in front of those of the test that are kept for validation: a share of all (10%), a "
                   "number, or the date of the first; 0: none");
        fields.add("test", test, "the last rows, which are kept for testing, in the same way");
    }

    void validate() const override {
        SeriesOptions::validate();
        SplitPoint("data.validation", validation);
        SplitPoint("data.test", test);
        if (format == "tsv" && separator != "auto" && separator != "tab") {
            throw UserError(fmt::format("data.separator {} is for CSV files, but data.format is tsv", separator));
        }
    }

    SeriesColumns wanted(const std::string& name) const {
        SeriesColumns wanted;
        wanted.layout.format = format == "csv"   ? TableFormat::csv
                               : format == "tsv" ? TableFormat::tsv
                                                 : table_format_of(name);
        if (wanted.layout.format == TableFormat::jsonl) {
            throw UserError(fmt::format("a series is read from CSV or TSV files, got '{}'", name));
        }
        if (separator == "semicolon") wanted.layout.separator = ';';
        if (separator == "tab") wanted.layout.separator = '\t';
        if (separator == "pipe") wanted.layout.separator = '|';
        wanted.date = date;
        return wanted;
    }
};

TimeSeries read_csv_series(const SeriesOptions& general, const std::string& file,
                           const std::vector<std::string>& columns) {
    SeriesColumns wanted = dynamic_cast<const CsvSeriesOptions&>(general).wanted(file);
    wanted.columns = columns;
    return read_time_series(file, wanted);
}

SeriesData open_csv_series(const SeriesOptions& general) {
    const auto& options = dynamic_cast<const CsvSeriesOptions&>(general);
    options.validate();
    if (options.file.empty()) {
        throw UserError(std::string("data.file is missing: the data set csv_series expects it; ") +
                        csv_series_how_to_get);
    }
    SeriesData data{"csv_series",
                    read_csv_series(options, find_named_file(options.root, options.file).string(), options.columns),
                    {},
                    {},
                    {}};
    const int64_t rows = data.series.rows();
    const int64_t test = SplitPoint("data.test", options.test).begin(data.series, rows);
    const int64_t validation = SplitPoint("data.validation", options.validation).begin(data.series, test);
    data.train = {0, validation};
    data.validation = {validation, test};
    data.test = {test, rows};
    return data;
}

SeriesSet csv_series() {
    SeriesSet set;
    set.name = "csv_series";
    set.summary = "own time series: a CSV or TSV file of dates and numbers";
    set.how_to_get = csv_series_how_to_get;
    set.make_options = [] { return std::make_unique<CsvSeriesOptions>(); };
    set.open = open_csv_series;
    set.read = read_csv_series;
    return set;
}

/// One of the series of the ETT data set: 12 months of 30 days for training, 4 for validation, 4 for testing.
struct EttSeries {
    const char* name;
    const char* file;
    const char* summary;
    int64_t rows_an_hour;
};

TimeSeries read_ett(const std::string& file, const std::vector<std::string>& columns) {
    return read_time_series(file, {.layout = {}, .columns = columns});
}

SeriesData open_ett(const EttSeries& ett, const DataSearch& search, const SeriesOptions& options) {
    options.validate();
    const std::filesystem::path file = find_data_file(find_data_folder(search, options.root), search.files);
    SeriesData data{ett.name, read_ett(file.string(), options.columns), {}, {}, {}};
    const int64_t month = 30 * 24 * ett.rows_an_hour;
    const int64_t train = 12 * month, validation = train + 4 * month, test = validation + 4 * month;
    if (data.series.rows() < test) {
        throw UserError(
            fmt::format("'{}': expected at least {} rows, found {}", data.series.origin, test, data.series.rows()));
    }
    data.train = {0, train};
    data.validation = {train, validation};
    data.test = {validation, test};
    return data;
}

SeriesSet ett_series(const EttSeries& ett) {
    const std::string file = ett.file;
    const DataSearch search{ett.name,
                            {ett.name, "ett", "ETT-small", "ETDataset/ETT-small"},
                            {file, file + ".gz"},
                            "put " + file +
                                " of github.com/zhouhaoyi/ETDataset (ETT-small) into data/ett, or name its folder by "
                                "data.root"};
    SeriesSet set;
    set.name = ett.name;
    set.summary = ett.summary;
    set.how_to_get = search.how_to_get;
    set.search = search;
    set.columns = {"HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"};
    set.train_rows = int64_t{12} * 30 * 24 * ett.rows_an_hour;
    set.make_options = [] { return std::make_unique<SeriesOptions>(); };
    set.open = [ett, search](const SeriesOptions& options) { return open_ett(ett, search, options); };
    set.read = [](const SeriesOptions&, const std::string& path, const std::vector<std::string>& columns) {
        return read_ett(path, columns);
    };
    return set;
}

}  // namespace

const std::vector<SeriesSet>& series_sets() {
    static const std::vector<SeriesSet> sets = {
        ett_series({"etth1", "ETTh1.csv",
                    "load and oil temperature of a power transformer, a row an hour (Zhou et "
                    "al., AAAI 2021): 12 + 4 + 4 months",
                    1}),
        ett_series({"etth2", "ETTh2.csv", "the same of another transformer", 1}),
        ett_series({"ettm1", "ETTm1.csv", "the transformer of etth1, a row every 15 minutes", 4}),
        ett_series({"ettm2", "ETTm2.csv", "the transformer of etth2, a row every 15 minutes", 4}), csv_series()};
    return sets;
}

const SeriesSet& series_set(std::string_view name) {
    std::vector<std::string> names;
    for (const SeriesSet& set : series_sets()) {
        if (set.name == name) return set;
        names.push_back(set.name);
    }
    throw UserError(
        fmt::format("data.name expects {}, got {}{}", listed(names, " or "), quote(name), did_you_mean(name, names)));
}

}  // namespace heed
