#include <stdexcept>

#include "heed/core/device/context.h"
#include "heed/core/files/safetensors.h"
#include "heed/core/files/stored_values.h"
#include "heed/tests/attack/fuzz/entries.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/run/trained_model.h"

namespace heed::test {

int fuzz_safetensors(const uint8_t* data, size_t size) {
    const SafetensorsFile file(as_file("tensors.safetensors", data, size));
    for (const StoredTensor& tensor : file.tensors()) {
        if (file.find(tensor.name) != &tensor) throw std::logic_error("a tensor is not found by its name");
        f32_values(tensor);
    }
    return 0;
}

/// As info, predict and a resumed training read it.
int fuzz_checkpoint(const uint8_t* data, size_t size) {
    const std::string path = as_file("checkpoint.safetensors", data, size);
    Context context("cpu");
    const TrainedModel trained = TrainedModel::load(context, path, {});
    trained.facts->kind().information(trained);
    const auto optimizer = trained.recipe.options<OptimizerOptions>("optimizer").make_optimizer(*trained.store);
    load_optimizer(SafetensorsFile(path), *trained.store, *optimizer);
    return 0;
}

int fuzz_facts(const uint8_t* data, size_t size) {
    const std::string text = facts_json(*read_facts(std::string(reinterpret_cast<const char*>(data), size)));
    if (facts_json(*read_facts(text)) != text) throw std::logic_error("the facts read back to others");
    return 0;
}

}  // namespace heed::test
