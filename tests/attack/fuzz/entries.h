#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace heed::test {

using Input = std::vector<uint8_t>;

/// A function that is given outside data. It may throw nothing but Error, and what it costs is bounded by its input.
struct FuzzEntry {
    const char* name;  ///< also of the folder of its inputs in tests/attack/corpus
    /// Has the signature of libFuzzer's LLVMFuzzerTestOneInput, and lets Error out.
    int (*run)(const uint8_t* data, size_t size);
    /// Makes checksums right again that would keep most changed inputs from being looked at; or null.
    void (*repair)(Input& input) = nullptr;
    int64_t changed = 300;  ///< changed inputs that a unit test tries
};

const std::vector<FuzzEntry>& fuzz_entries();

/// Writes the input to a file of this process and returns its path: `name` decides on its ending.
std::string as_file(const std::string& name, const uint8_t* data, size_t size);

int fuzz_recipe(const uint8_t* data, size_t size);
int fuzz_settings(const uint8_t* data, size_t size);
int fuzz_safetensors(const uint8_t* data, size_t size);
int fuzz_checkpoint(const uint8_t* data, size_t size);
int fuzz_facts(const uint8_t* data, size_t size);
int fuzz_idx(const uint8_t* data, size_t size);
int fuzz_cifar(const uint8_t* data, size_t size);
int fuzz_picture(const uint8_t* data, size_t size);
int fuzz_orientation(const uint8_t* data, size_t size);
int fuzz_table(const uint8_t* data, size_t size);
int fuzz_series(const uint8_t* data, size_t size);
int fuzz_archive(const uint8_t* data, size_t size);
int fuzz_text(const uint8_t* data, size_t size);
int fuzz_sentencepiece(const uint8_t* data, size_t size);
int fuzz_vocabulary(const uint8_t* data, size_t size);
int fuzz_import(const uint8_t* data, size_t size);
int fuzz_metrics(const uint8_t* data, size_t size);
int fuzz_curves(const uint8_t* data, size_t size);
int fuzz_checksums(const uint8_t* data, size_t size);
int fuzz_costs(const uint8_t* data, size_t size);

}  // namespace heed::test
