#pragma once

namespace heed {

class Context;

/// Multiply-adds a second of products of square matrices in the precision of the context, which grow until one takes
/// `long_enough` seconds or all have taken `budget` seconds: the best of all. Gives the memory back.
double product_rate(Context& context, double long_enough = 0.02, double budget = 0.5);

}  // namespace heed
