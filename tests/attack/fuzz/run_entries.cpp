#include <filesystem>
#include <stdexcept>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/checksum_list.h"
#include "heed/tests/attack/fuzz/entries.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/benchmark/attention_benchmark_file.h"
#include "heed/trainers/record/event_file.h"
#include "heed/trainers/record/metrics_reader.h"
#include "heed/trainers/report/charts/history.h"

namespace heed::test {

/// As a report and a resumed training read it.
int fuzz_metrics(const uint8_t* data, size_t size) {
    const std::string path = as_file("metrics.jsonl", data, size);
    try {
        History::read(path);
    } catch (const Error&) {
    }
    truncate_metrics_after_step(path, 3, false);
    read_metrics(path);
    return 0;
}

int fuzz_curves(const uint8_t* data, size_t size) {
    const std::string path = as_file("events.out.tfevents.heed", data, size);
    { EventFile(path, 3, true); }
    const std::string kept = read_text(path);
    { EventFile(path, 3, true); }
    if (read_text(path) != kept) throw std::logic_error("what was kept is not kept");
    return 0;
}

int fuzz_checksums(const uint8_t* data, size_t size) {
    read_checksum_list(std::filesystem::path(as_file(checksum_list_name, data, size)).parent_path());
    return 0;
}

int fuzz_costs(const uint8_t* data, size_t size) {
    read_attention_benchmark(as_file("costs.json", data, size));
    return 0;
}

}  // namespace heed::test
