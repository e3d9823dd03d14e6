#include "heed/attention/explanation/value_space.h"

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

/// Left singular vectors whose singular value counts, and the spectrum. `scale`: the greatest size of the values that
/// the matrix was computed from.
Eigen::MatrixXd singular_vectors(const Eigen::MatrixXd& matrix, double scale, double precision, ValueSpace& space) {
    if (matrix.size() == 0) return {matrix.rows(), 0};
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(matrix, Eigen::ComputeThinU);
    const Eigen::VectorXd& s = svd.singularValues();
    space.singular_values.assign(s.begin(), s.end());
    // The second bound is that of the rounding of values that are large against their differences.
    const auto n = static_cast<double>(space.keys), d = static_cast<double>(matrix.cols());
    space.threshold = precision * std::max(std::max(n, d) * s[0], 0.5 * std::sqrt(n * d) * scale);
    const auto rank = std::count_if(s.begin(), s.end(), [&](double value) { return value > space.threshold; });
    return svd.matrixU().leftCols(rank);
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
    set_basis(space, singular_vectors(first_rows(values, keys, dim), 0.0, precision, space));
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
    const Eigen::MatrixXd vectors = singular_vectors(reflected.bottomRows(keys - 1), scale, precision, space);
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
