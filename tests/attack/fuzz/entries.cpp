#include "heed/tests/attack/fuzz/entries.h"

#include "heed/tests/attack/fuzz/repair.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test {

const std::vector<FuzzEntry>& fuzz_entries() {
    static const std::vector<FuzzEntry> entries = {
        {"recipe", fuzz_recipe},
        {"settings", fuzz_settings},
        {"safetensors", fuzz_safetensors, repair_safetensors},
        {"checkpoint", fuzz_checkpoint, repair_safetensors},
        {"facts", fuzz_facts},
        {"idx", fuzz_idx},
        {"cifar", fuzz_cifar, nullptr, 20},
        {"picture", fuzz_picture, repair_png},
        {"orientation", fuzz_orientation},
        {"table", fuzz_table, nullptr, 100},
        {"series", fuzz_series, nullptr, 100},
        {"archive", fuzz_archive, repair_tar, 100},
        {"text", fuzz_text},
        {"sentencepiece", fuzz_sentencepiece},
        {"vocabulary", fuzz_vocabulary},
        {"import", fuzz_import, nullptr, 100},
        {"metrics", fuzz_metrics},
        {"curves", fuzz_curves, repair_curves},
        {"checksums", fuzz_checksums},
        {"costs", fuzz_costs},
    };
    return entries;
}

std::string as_file(const std::string& name, const uint8_t* data, size_t size) {
    static const TemporaryFolder folder;
    const std::string path = folder / name;
    write_text(path, std::string(reinterpret_cast<const char*>(data), size));
    return path;
}

}  // namespace heed::test
