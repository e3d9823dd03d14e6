#include "heed/trainers/images/image_sections.h"

#include <fmt/format.h>

#include "heed/trainers/images/attention_section.h"
#include "heed/trainers/images/mistakes_section.h"
#include "heed/trainers/images/training_images_section.h"
#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/text.h"

namespace heed {

void add_classification_result(ReportInput& input, const Evaluation& test) {
    input.result = {percent_text(test.accuracy, 2), fmt::format("test accuracy on {} {}, loss {:.4f}",
                                                                group_digits(test.count), input.unit, test.loss)};
}

void add_image_sections(ReportInput& input, const ImageData& data, const Evaluation& test,
                        const AttentionInspection* attention, const std::vector<TrainingPicture>& training_pictures) {
    input.sections.push_back(confusion_html(test, data.class_names(), input.unit));
    input.sections.push_back(mistakes_html(test, data));
    if (attention != nullptr) input.sections.push_back(attention_html(*attention, data));
    if (!training_pictures.empty()) input.sections.push_back(training_images_html(training_pictures, data));
}

}  // namespace heed
