#include "heed/attention/conversion/output_fit.h"

#include <Eigen/Cholesky>
#include <algorithm>

namespace heed {

namespace {

constexpr int64_t rows_at_a_time = 4096;  // in single precision, before they are added up in double

}  // namespace

OutputFit::OutputFit(int64_t dim, bool bias)
    : dim_(dim),
      bias_(bias),
      squares_(Eigen::MatrixXd::Zero(dim + 1, dim + 1)),
      products_(Eigen::MatrixXd::Zero(dim + 1, dim)) {}

void OutputFit::add(const TokenRows& features, const TokenRows& targets) {
    for (int64_t first = 0; first < features.rows(); first += rows_at_a_time) {
        const int64_t rows = std::min(rows_at_a_time, features.rows() - first);
        Eigen::MatrixXf phi(rows, dim_ + 1);
        phi.leftCols(dim_) = features.middleRows(first, rows);
        phi.col(dim_).setOnes();
        const Eigen::MatrixXf y = targets.middleRows(first, rows);
        squares_ += (phi.transpose() * phi).cast<double>();
        products_ += (phi.transpose() * y).cast<double>();
        target_squares_ += y.cast<double>().squaredNorm();
    }
}

Eigen::MatrixXd OutputFit::solve(const Eigen::MatrixXd& start) const {
    constexpr double share = 1e-4;
    const int64_t size = bias_ ? dim_ + 1 : dim_;
    const double lambda = share * squares_.diagonal().head(dim_).sum() / static_cast<double>(dim_);
    Eigen::MatrixXd left = squares_.topLeftCorner(size, size);
    left.diagonal().head(dim_).array() += lambda;
    Eigen::MatrixXd right = products_.topRows(size);
    right.topRows(dim_) += lambda * start.topRows(dim_);
    return left.ldlt().solve(right);
}

double OutputFit::r2(const Eigen::MatrixXd& map) const {
    const int64_t size = map.rows();
    const double rows = squares_(dim_, dim_);
    if (rows == 0) return 1.0;
    const double error = target_squares_ - 2.0 * map.cwiseProduct(products_.topRows(size)).sum() +
                         map.cwiseProduct(squares_.topLeftCorner(size, size) * map).sum();
    const double variation = target_squares_ - products_.row(dim_).squaredNorm() / rows;
    const double rounding = 1e-9 * target_squares_;
    if (variation <= rounding) return error <= rounding ? 1.0 : 0.0;
    return 1.0 - std::max(error, 0.0) / variation;
}

}  // namespace heed
