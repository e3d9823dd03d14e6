#include "heed/trainers/hugging_face/architecture.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/hugging_face/architectures/bert.h"
#include "heed/trainers/hugging_face/architectures/distilbert.h"
#include "heed/trainers/hugging_face/architectures/marian.h"
#include "heed/trainers/hugging_face/architectures/vision_transformer.h"

namespace heed {

std::span<const Architecture* const> architectures() {
    static const Architecture* const all[] = {&bert_architecture(),         &distilbert_architecture(),
                                              &vit_architecture(),          &deit_architecture(),
                                              &deit_teacher_architecture(), &marian_architecture()};
    return all;
}

const Architecture& architecture_of(const JsonFile& config) {
    const std::string type = config.text("model_type");
    std::vector<std::string> known;
    for (const Architecture* architecture : architectures()) {
        if (type == architecture->model_type() && architecture->accepts(config)) return *architecture;
        if (known.empty() || known.back() != architecture->model_type()) known.emplace_back(architecture->model_type());
    }
    config.fail("model_type", "an architecture out of " + listed(known));
}

}  // namespace heed
