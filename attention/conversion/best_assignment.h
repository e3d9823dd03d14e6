#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace heed {

/// The column of each row such that each column is taken once and the sum of the gains [n, n] is the greatest
/// (Hungarian method: Kuhn 1955, with the potentials of Jonker and Volgenant 1987).
std::vector<int64_t> best_assignment(const Eigen::MatrixXd& gains);

}  // namespace heed
