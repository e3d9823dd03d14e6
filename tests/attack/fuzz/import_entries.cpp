#include <cstdlib>
#include <filesystem>

#include "heed/tests/attack/fuzz/entries.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/hugging_face/import_model.h"

namespace heed::test {
namespace {

/// A folder with weights of BERT and the tokenizers of BERT and of a translator; what lacks is config.json.
class PublicFolder {
public:
    PublicFolder() {
        const std::string stored =
            std::string(std::getenv("HEED_SOURCE_DIR")) + "/tests/trainers/hugging_face/checkpoints/";
        for (const char* file : {"bert/model.safetensors", "bert/vocab.txt", "bert/tokenizer_config.json",
                                 "marian/vocab.json", "marian/source.spm", "marian/target.spm"}) {
            const std::filesystem::path path = stored + file;
            std::filesystem::copy_file(path, path_ / path.filename().string());
        }
    }

    const std::string& path() const { return path_.path(); }

private:
    TemporaryFolder path_;
};

}  // namespace

int fuzz_import(const uint8_t* data, size_t size) {
    static const PublicFolder folder;
    const TemporaryFolder target;
    write_text(folder.path() + "/config.json", std::string(reinterpret_cast<const char*>(data), size));
    import_model(folder.path(), target / "model");
    return 0;
}

}  // namespace heed::test
