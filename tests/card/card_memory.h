#pragma once

#include <string>

namespace heed::test {

/// Lets the card reach what `new` gives in a test program that runs on a card, whose `new` and `delete` are in
/// card_memory.cpp. Empty, or why there is no card to be tested. Null in all other programs.
[[gnu::weak]] std::string share_memory_with_card();

}  // namespace heed::test
