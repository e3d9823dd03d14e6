#pragma once

#include <string>

#include "heed/trainers/report/history.h"

namespace heed {

/// The section of curves and the table of epochs. Says so when there are no steps.
std::string curves_html(const History& history);

/// The section on speed and memory; empty where nothing is recorded.
std::string resources_html(const History& history);

}  // namespace heed
