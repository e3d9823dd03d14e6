#pragma once

/// The kinds of data, by which a recipe's settings belong together, as they stand in its errors.
namespace heed::data_kind {

inline constexpr const char* images = "images";
inline constexpr const char* texts = "labelled texts";
inline constexpr const char* translations = "translations";

}  // namespace heed::data_kind
