#include "heed/attention/explanation/value_space.h"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "heed/core/error.h"

namespace heed {

namespace {

using ValueRows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const ValueRows> first_rows(std::span<const double> values, int64_t keys, int64_t dim) {
    if (keys < 0 || dim < 0 || static_cast<size_t>(keys * dim) > values.size()) {
        throw Error("fewer values than keys");
    }
    return {values.data(), keys, dim};
}

/// An orthonormal basis of the columns, less directions in which they are rounding alone. `scale`: the greatest size of
/// the values that the matrix was computed from.
Eigen::MatrixXd column_basis(const Eigen::MatrixXd& matrix, int64_t keys, double scale, double precision) {
    const Eigen::Index rows = matrix.rows(), columns = matrix.cols();
    if (matrix.size() == 0) return {rows, 0};
    // The second bound is that of the rounding of values that are large against their differences.
    const auto n = static_cast<double>(keys), d = static_cast<double>(columns);
    const auto threshold = [&](double greatest) {
        return precision * std::max(std::max(n, d) * greatest, 0.5 * std::sqrt(n * d) * scale);
    };
    if (rows >= columns) {
        // A QR factor has the rank in a fraction of the time where no singular value is near the threshold: the least
        // one is at least 1 / |R^-1|, the greatest at most |M|.
        const Eigen::HouseholderQR<Eigen::MatrixXd> qr(matrix);
        const Eigen::MatrixXd inverse = qr.matrixQR().topRows(columns).triangularView<Eigen::Upper>().solve(
            Eigen::MatrixXd::Identity(columns, columns));
        if (1 / inverse.norm() > 2 * threshold(matrix.norm())) {
            return qr.householderQ() * Eigen::MatrixXd::Identity(rows, columns);
        }
    }
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(matrix, Eigen::ComputeThinU);
    const Eigen::VectorXd& s = svd.singularValues();
    const double least = threshold(s[0]);
    return svd.matrixU().leftCols(std::count_if(s.begin(), s.end(), [&](double value) { return value > least; }));
}

void set_basis(ValueSpace& space, const Eigen::MatrixXd& basis) {
    space.rank = basis.cols();
    space.basis.resize(static_cast<size_t>(basis.size()));
    Eigen::Map<ValueRows>(space.basis.data(), basis.rows(), basis.cols()) = basis;
}

}  // namespace

ValueSpace output_space(std::span<const double> values, int64_t keys, int64_t dim, double precision) {
    ValueSpace space;
    space.keys = keys;
    set_basis(space, column_basis(first_rows(values, keys, dim), keys, 0.0, precision));
    return space;
}

ValueSpace distribution_space(std::span<const double> values, int64_t keys, int64_t dim, double precision) {
    const auto rows = first_rows(values, keys, dim);
    ValueSpace space;
    space.keys = keys;
    if (keys == 0) return space;
    const double scale = rows.size() == 0 ? 0.0 : rows.cwiseAbs().maxCoeff();
    // Less the first row: rows that are equal become 0, and a large bias takes no digits with it.
    Eigen::MatrixXd reflected = rows.rowwise() - rows.row(0);
    // A reflection that swaps the constant vector and the first axis: without the first row then, the columns are the
    // centred ones in coordinates orthogonal to the constant vector, and what comes back is so to rounding.
    const double constant = 1 / std::sqrt(static_cast<double>(keys));
    Eigen::VectorXd axis = Eigen::VectorXd::Constant(keys, constant);
    axis[0] += 1;
    const auto reflect = [&](Eigen::MatrixXd& matrix) {
        const Eigen::RowVectorXd along = axis.transpose() * matrix / axis[0];
        matrix.noalias() -= axis * along;
    };
    reflect(reflected);
    const Eigen::MatrixXd vectors = column_basis(reflected.bottomRows(keys - 1), keys, scale, precision);
    Eigen::MatrixXd basis = Eigen::MatrixXd::Zero(keys, vectors.cols() + 1);
    basis.bottomRightCorner(keys - 1, vectors.cols()) = vectors;
    reflect(basis);
    basis.col(0).setConstant(constant);
    set_basis(space, basis);
    return space;
}

void project(const ValueSpace& space, std::span<const double> a, std::span<double> y) {
    const auto keys = static_cast<size_t>(space.keys);
    if (a.size() != keys || y.size() != keys) throw Error("a row of weights has not the size of its value space");
    const Eigen::Map<const ValueRows> basis(space.basis.data(), space.keys, space.rank);
    const Eigen::Map<const Eigen::VectorXd> row(a.data(), space.keys);
    Eigen::Map<Eigen::VectorXd>(y.data(), space.keys) = basis * (basis.transpose() * row);
}

}  // namespace heed
