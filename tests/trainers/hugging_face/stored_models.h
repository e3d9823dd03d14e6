#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "heed/core/files/safetensors.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::test {

/// The folder of a model in tests/trainers/hugging_face/checkpoints (see make_checkpoints.py).
std::string stored_model(const std::string& name);
/// What it gives, as expected.json tells.
nlohmann::json expected_outputs(const std::string& name);

/// A tensor in memory that a test may change.
struct LooseTensor {
    DType dtype = DType::f32;
    std::vector<int64_t> shape;
    std::vector<std::byte> bytes;
};
using LooseTensors = std::map<std::string, LooseTensor>;

LooseTensors read_tensors(const std::string& path);
void write_tensors(const std::string& path, const LooseTensors& tensors);

/// A copy of a stored model.
class ModelCopy {
public:
    explicit ModelCopy(const std::string& name);

    std::string path() const { return folder_ / "copy"; }
    std::string file(const std::string& name) const { return path() + "/" + name; }
    void change_config(const std::function<void(nlohmann::json&)>& change) const;
    void change_tensors(const std::function<void(LooseTensors&)>& change) const;
    /// The message with which its import is refused; checks that nothing was made.
    std::string refusal() const;

private:
    TemporaryFolder folder_;
};

}  // namespace heed::test
