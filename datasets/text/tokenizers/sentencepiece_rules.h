#pragma once

#include <string>

namespace heed {

/// Normalisation rules in SentencePiece's format, a line each: code points in hexadecimal, a tab, what they become.
/// Accents are composed (NFC, Hangul excepted), white space becomes a blank, control characters go; with `lower`,
/// letters are lower-cased.
std::string sentencepiece_rules(bool lower);

}  // namespace heed
