#include "heed/tests/trainers/hugging_face/stored_models.h"

#include <cstdlib>
#include <filesystem>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/hugging_face/import_model.h"

namespace heed::test {

std::string stored_model(const std::string& name) {
    return std::string(std::getenv("HEED_SOURCE_DIR")) + "/tests/trainers/hugging_face/checkpoints/" + name;
}

nlohmann::json expected_outputs(const std::string& name) {
    return nlohmann::json::parse(read_text(stored_model(name) + "/expected.json"));
}

LooseTensors read_tensors(const std::string& path) {
    const SafetensorsFile file(path);
    LooseTensors tensors;
    for (const StoredTensor& tensor : file.tensors()) {
        tensors[tensor.name] = {tensor.dtype, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()}};
    }
    return tensors;
}

void write_tensors(const std::string& path, const LooseTensors& tensors) {
    std::vector<TensorToStore> stored;
    for (const auto& [name, tensor] : tensors) {
        stored.push_back({name, tensor.dtype, tensor.shape, tensor.bytes.data()});
    }
    write_safetensors(path, stored);
}

ModelCopy::ModelCopy(const std::string& name) {
    std::filesystem::copy(stored_model(name), path(), std::filesystem::copy_options::recursive);
}

void ModelCopy::change_config(const std::function<void(nlohmann::json&)>& change) const {
    nlohmann::json config = nlohmann::json::parse(read_text(file("config.json")));
    change(config);
    write_text(file("config.json"), config.dump());
}

void ModelCopy::change_tensors(const std::function<void(LooseTensors&)>& change) const {
    LooseTensors tensors = read_tensors(file("model.safetensors"));
    change(tensors);
    write_tensors(file("model.safetensors"), tensors);
}

std::string ModelCopy::refusal() const {
    const std::string target = folder_ / "target";
    std::string message = message_of<UserError>([&] { import_model(path(), target); });
    EXPECT_FALSE(std::filesystem::exists(target)) << message;
    return message;
}

}  // namespace heed::test
