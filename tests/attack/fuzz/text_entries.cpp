#include <filesystem>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/unpack.h"
#include "heed/datasets/series/series_windows.h"
#include "heed/datasets/text/files/archive_files.h"
#include "heed/datasets/text/files/table_reader.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/files/text_rows.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/tests/attack/fuzz/entries.h"

namespace heed::test {
namespace {

constexpr const char* sample = "La casa ÁRBOL e\xcc\x81 río 12 \xe3\x80\x80 ﬁn.";

/// Texts and ids there and back.
void use(const Tokenizer& tokenizer, std::string_view text) {
    const std::vector<int32_t> ids = tokenizer.encode(text);
    tokenizer.decode(ids);
    for (const int32_t id : ids) tokenizer.token(id);
}

void use_loaded(const char* kind, std::string_view bytes) {
    const auto tokenizer = load_tokenizer(kind, bytes);
    use(*tokenizer, sample);
    use(*load_tokenizer(kind, tokenizer->serialized()), "");
}

/// The rest of the work, whatever becomes of this part.
template <class Part>
void attempt(const Part& part) {
    try {
        part();
    } catch (const Error&) {
    }
}

}  // namespace

int fuzz_table(const uint8_t* data, size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto row = [](int64_t, std::span<const TableValue>) {};
    for (const char* ending : {"csv", "tsv", "jsonl"}) {
        const std::string name = std::string("table.") + ending;
        const TableFormat format = table_format_of(name);
        attempt([&] { read_table(TextFile(name, text), {format, true}, {"text", "label"}, row); });
        if (format == TableFormat::jsonl) {
            TableLayout layout{format, true};
            layout.only_text = true;
            attempt([&] { read_table(TextFile(name, text), layout, {"text"}, row); });
            continue;
        }
        attempt([&] { read_table(TextFile(name, text), {format, false, ';'}, {"1", "2"}, row); });
    }
    for (const char* ending : {"csv", "jsonl"}) {
        const std::string path = as_file(std::string("rows.") + ending, data, size);
        attempt([&] {
            TextColumns columns;
            columns.label_separator = "|";
            columns.empty = EmptyText::skip;
            const TextRows rows = read_text_rows(path, columns);
            make_text_source(rows, labels_of(rows), true);
        });
    }
    return 0;
}

int fuzz_series(const uint8_t* data, size_t size) {
    const std::string path = as_file("series.csv", data, size);
    const TimeSeries series = read_time_series(path, {});
    const SeriesScale scale = scale_of(series, {0, series.rows()});
    const ScaledSeries scaled(series, scale, 2);
    const WindowShape shape = {.window = 1,
                               .label = 1,
                               .horizon = 2,
                               .columns = series.width(),
                               .targets = target_places({}, series.columns),
                               .norm = WindowNorm::mean};
    SeriesBatch batch;
    fill_windows(scaled, shape, std::vector<int64_t>{series.rows()}, false, batch);
    return 0;
}

int fuzz_archive(const uint8_t* data, size_t size) {
    const std::string path = as_file("archive.tar.gz", data, size);
    const std::string folder = path + ".files";
    attempt([&] {
        read_archive(
            path, [](std::string_view name) { return !name.ends_with("left"); }, 1 << 22);
    });
    attempt([&] { unpack(path, folder, {.bytes = 1 << 22, .entries = 50}); });
    std::filesystem::remove_all(folder);
    return 0;
}

int fuzz_text(const uint8_t* data, size_t size) {
    static const auto words = load_tokenizer("word", "heed words of all scripts lower-cased\nthe\nñandú\n");
    static const auto pieces = load_tokenizer(
        "wordpiece", "heed wordpiece lower-cased\n[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\n,\n東\n");
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (!text_problem(text).empty()) return 0;
    use(*words, text);
    use(*pieces, text);
    on_one_line(composed(lower_case(without_accents(text))));
    return 0;
}

int fuzz_sentencepiece(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    attempt([&] { use_loaded("sentencepiece", bytes); });
    use_loaded("marian", std::string("heed marian tokens 4\n</s>\n<unk>\n<pad>\n\u2581a\n").append(bytes));
    return 0;
}

int fuzz_vocabulary(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    attempt([&] { use_loaded("word", text); });
    attempt([&] { use_loaded("wordpiece", text); });
    use_loaded("marian", text);
    return 0;
}

}  // namespace heed::test
