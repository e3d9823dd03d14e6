#pragma once

#include <gtest/gtest.h>

#include <string>
#include <typeinfo>

namespace heed::test {

/// The message of the exception of exactly this type that `f` throws; a text that no message contains when it throws
/// none or one of another type.
template <class Exception, class F>
std::string message_of(F&& f) {
    try {
        f();
    } catch (const Exception& error) {
        if (typeid(error) == typeid(Exception)) return error.what();
        return std::string("(another type) ") + error.what();
    }
    return "(nothing thrown)";
}

/// EXPECT_TRUE(contains(message, "part")) shows both when it fails.
inline testing::AssertionResult contains(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "\"" << text << "\" does not contain \"" << part << "\"";
}

inline testing::AssertionResult begins_with(const std::string& text, const std::string& part) {
    if (text.starts_with(part)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "\"" << text << "\" does not begin with \"" << part << "\"";
}

}  // namespace heed::test
