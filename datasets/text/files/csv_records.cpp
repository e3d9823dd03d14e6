#include "heed/datasets/text/files/csv_records.h"

#include <csv.h>

#include <utility>

#include "heed/core/error.h"

namespace heed {

namespace {

/// The parser of libcsv; blanks around fields stay.
class CsvParser {
public:
    explicit CsvParser(char separator) {
        if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw Error("libcsv cannot be used");
        csv_set_delim(&parser_, static_cast<unsigned char>(separator));
        csv_set_space_func(&parser_, [](unsigned char) { return 0; });
        csv_set_blk_size(&parser_, size_t{1} << 18);  // grown by 128 bytes, a long field would be copied all the time
    }
    ~CsvParser() { csv_free(&parser_); }
    CsvParser(const CsvParser&) = delete;
    CsvParser& operator=(const CsvParser&) = delete;

    /// False where the text is not well formed.
    bool parse(std::string_view text) {
        return csv_parse(&parser_, text.data(), text.size(), take_field, take_record, this) == text.size();
    }
    bool finish() { return csv_fini(&parser_, take_field, take_record, this) == 0; }

    /// Why the last call returned false.
    std::string problem() const {
        if (csv_error(const_cast<csv_parser*>(&parser_)) == CSV_ENOMEM) throw std::bad_alloc();
        return "a double quote in the middle of a field, or one that is not closed (within a quoted field it is "
               "written twice)";
    }

    bool has_record() const { return complete_; }
    std::vector<std::string> take() {
        complete_ = false;
        return std::exchange(fields_, {});
    }

private:
    static void take_field(void* data, size_t size, void* self) {
        static_cast<CsvParser*>(self)->fields_.emplace_back(static_cast<const char*>(data), size);
    }
    static void take_record(int, void* self) { static_cast<CsvParser*>(self)->complete_ = true; }

    csv_parser parser_;
    std::vector<std::string> fields_;
    bool complete_ = false;
};

}  // namespace

void read_csv_records(const TextFile& file, char separator,
                      const std::function<void(int64_t line, std::vector<std::string>& fields)>& record) {
    CsvParser parser(separator);
    std::string_view rest = file.content();
    int64_t line = 0, begin = 1;
    bool inside = false;  // of a record that began in an earlier line
    const auto deliver = [&] {
        std::vector<std::string> fields = parser.take();
        record(begin, fields);
    };
    while (!rest.empty()) {
        ++line;
        const std::size_t end = rest.find('\n');
        const std::string_view text = rest.substr(0, end == std::string_view::npos ? rest.size() : end + 1);
        rest.remove_prefix(text.size());
        if (!inside) begin = line;
        if (!parser.parse(text)) file.fail(begin, parser.problem());
        const bool is_empty = trimmed(text).empty();
        inside = !parser.has_record() && (inside || !is_empty);
        if (parser.has_record()) deliver();
    }
    if (!parser.finish()) file.fail(begin, parser.problem());
    if (parser.has_record()) deliver();
}

}  // namespace heed
