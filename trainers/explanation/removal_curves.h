#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heed/trainers/comparison/statistics/statistics.h"
#include "heed/trainers/explanation/token_search.h"

namespace heed {

/// Shares of the tokens of an input that are taken away or kept alone.
inline constexpr std::array<double, 5> removal_shares = {0.01, 0.05, 0.1, 0.2, 0.5};

/// How many of so many tokens a share is: rounded up, so that it is at least one where there is any.
int64_t tokens_of_share(double share, int64_t tokens);

/// What taking away the most relevant tokens does to the probability p of the explained class, by ERASER (DeYoung et
/// al., ACL 2020), at each of the shares.
struct RemovalCurve {
    /// p of all tokens - p without the most relevant ones: large where the order finds what the model uses.
    std::array<double, removal_shares.size()> comprehensiveness{};
    /// p of all tokens - p of the most relevant ones alone: small where the order finds what is enough.
    std::array<double, removal_shares.size()> sufficiency{};

    /// Means over the shares. (ERASER's AOPC divides by one more, for a share of 0.)
    double comprehensiveness_area() const;
    double sufficiency_area() const;
};

/// Of each of these variants, the probability of the explained class.
using VariantProbabilities = std::function<std::vector<double>(const std::vector<KeptTokens>&)>;

/// The curves of the orders, of an input whose explained class has the probability `whole`. It asks for ten variants an
/// order, all at once.
std::vector<RemovalCurve> removal_curves(double whole, std::span<const TokenOrder> orders,
                                         const VariantProbabilities& probabilities);

/// What one order finds in one input.
struct OrderScore {
    RemovalCurve curve;
    std::optional<double> necessary, sufficient;  ///< tokens of its pruned sets; nothing: none found, or not searched
};

/// What parts of one input find, such as the tokens of its translation, as the input's own: their means, measure by
/// measure; of sizes over the parts that have them. Each part has the same measures; there is at least one.
std::vector<OrderScore> mean_scores(const std::vector<std::vector<OrderScore>>& parts);

/// A mean over inputs with its interval of 95 % (Student's t; none for fewer than two).
struct MeanOverInputs {
    int64_t count = 0;
    double mean = 0.0;
    std::optional<Interval> interval;
};

/// The same, and by how much the order of raw attention is exceeded: mean of the differences input by input, over
/// inputs that have both.
struct ComparedMean {
    MeanOverInputs own;
    std::optional<MeanOverInputs> above_raw;
};

/// What the orders of one measure find, over all inputs.
struct MeasureResult {
    std::string measure;
    std::array<ComparedMean, removal_shares.size()> comprehensiveness, sufficiency;
    ComparedMean comprehensiveness_area, sufficiency_area;
    ComparedMean necessary, sufficient;  ///< sizes of sets, over the inputs that have them
};

/// Takes the scores of input after input.
class MeasureTable {
public:
    /// `raw`: the place of raw attention among the measures; nothing: nothing is compared with it.
    MeasureTable(std::vector<std::string> measures, std::optional<size_t> raw);

    /// Scores of one input, one for each measure. Throws Error for another number.
    void add(const std::vector<OrderScore>& scores);
    int64_t inputs() const { return static_cast<int64_t>(inputs_.size()); }
    std::vector<MeasureResult> results() const;

private:
    using Value = std::function<std::optional<double>(const OrderScore&)>;
    ComparedMean compared(size_t measure, const Value& value) const;

    std::vector<std::string> measures_;
    std::optional<size_t> raw_;
    std::vector<std::vector<OrderScore>> inputs_;
};

}  // namespace heed
