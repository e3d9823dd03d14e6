#pragma once

#include <random>

#include "heed/tests/attack/fuzz/entries.h"

namespace heed::test {

/// Changes inputs at random, in ways that readers of files are known to stumble over. The same seed makes the same
/// changes.
class Mutator {
public:
    explicit Mutator(uint64_t seed) : random_(seed) {}

    /// One of the inputs with one to five changes, some of them taken from another input.
    Input changed(const std::vector<Input>& inputs);
    bool coin() { return below(2) == 0; }

private:
    size_t below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }
    void change(Input& input, const Input& other);
    void put_number(Input& input);
    void put_digits(Input& input);

    std::mt19937_64 random_;
};

}  // namespace heed::test
