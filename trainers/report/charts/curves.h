#pragma once

#include <string>

#include "heed/trainers/report/charts/history.h"

namespace heed {

/// The section of curves and the table of epochs of samples called `unit` ("images"). Says so when there are no steps.
std::string curves_html(const History& history, const std::string& unit);

/// The section on speed and memory; empty where nothing is recorded.
std::string resources_html(const History& history, const std::string& unit);

}  // namespace heed
