#include "heed/core/settings/fields.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"

namespace heed::fields_test {
namespace {

struct ExampleOptions : Options {
    bool bias = true;
    int64_t dim = 64;
    double lr = 1e-3;
    std::string type = "adamw";
    Span warmup = Span::percent(5);
    std::vector<std::string> patterns = {"bias", "norm"};
    std::vector<double> mean = {0.5};

    void describe(Fields& fields) override {
        fields.add("bias", bias, "add a bias");
        fields.add("dim", dim, "width of the model").range(1, 65536).unit("features");
        fields.add("lr", lr, "learning rate").range(0, 10);
        fields.add("type", type, "optimizer").choices({"adamw", "sgd"}).advise("adam_w", "that is adamw");
        fields.add("warmup", warmup, "length of the warm-up");
        fields.add("patterns", patterns, "names");
        fields.add("mean", mean, "mean of the pixels").range(-1, 1);
    }
};

struct Described {
    ExampleOptions options;
    Fields fields;
    Described() { options.describe(fields); }
    std::string set(const char* name, std::string_view text) { return fields.find(name)->set_from_text(text); }
};

TEST(Fields, KeepOrderTypesAndDefaults) {
    Described d;
    EXPECT_EQ(d.fields.names(), (std::vector<std::string>{"bias", "dim", "lr", "type", "warmup", "patterns", "mean"}));
    EXPECT_EQ(d.fields.find("nothing"), nullptr);
    std::string types, defaults;
    for (const Field& field : d.fields) {
        types += field.type_name() + ";";
        defaults += field.default_text() + ";";
    }
    EXPECT_EQ(types, "bool;int;float;text;span;list of text;list of float;");
    EXPECT_EQ(defaults, "true;64;0.001;adamw;5%;[bias, norm];[0.5];");
    EXPECT_EQ(d.fields.find("dim")->unit(), "features");
    EXPECT_EQ(d.fields.find("dim")->expectation(), "a whole number from 1 to 65536");
}

TEST(Fields, SetTheMembersAndKeepTheDefaults) {
    Described d;
    EXPECT_EQ(d.set("bias", "false"), "");
    EXPECT_EQ(d.set("dim", "128"), "");
    EXPECT_EQ(d.set("lr", "3e-4"), "");
    EXPECT_EQ(d.set("type", "sgd"), "");
    EXPECT_EQ(d.set("warmup", "2 epochs"), "");
    EXPECT_EQ(d.set("patterns", "[a, \"b, c\"]"), "");
    EXPECT_EQ(d.set("mean", "0.25, -0.5"), "");
    EXPECT_FALSE(d.options.bias);
    EXPECT_EQ(d.options.dim, 128);
    EXPECT_EQ(d.options.lr, 3e-4);
    EXPECT_EQ(d.options.type, "sgd");
    EXPECT_EQ(d.options.warmup, Span::epochs(2));
    EXPECT_EQ(d.options.patterns, (std::vector<std::string>{"a", "b, c"}));
    EXPECT_EQ(d.options.mean, (std::vector<double>{0.25, -0.5}));
    EXPECT_EQ(d.fields.find("dim")->default_text(), "64");
    EXPECT_EQ(d.fields.find("dim")->value_text(), "128");
}

TEST(Fields, EveryValueReadsBackFromItsText) {
    Described d;
    d.options.lr = 0.1 + 0.2;
    d.options.dim = 65535;
    d.options.warmup = Span::percent(100.0 / 3);
    d.options.patterns = {"", "a \"b\" \\", " c", "[d]", "e,f"};
    d.options.mean = {1.0 / 3, -0.0};
    Described other;
    for (Field& field : d.fields) {
        ASSERT_EQ(other.set(field.name().c_str(), field.value_text()), "") << field.name();
        EXPECT_EQ(other.fields.find(field.name())->items(), field.items());
    }
    EXPECT_EQ(other.options.lr, d.options.lr);
    EXPECT_EQ(other.options.warmup, d.options.warmup);
    EXPECT_EQ(other.options.patterns, d.options.patterns);
    EXPECT_EQ(other.options.mean, d.options.mean);
    EXPECT_EQ(other.set("patterns", "[]"), "");
    EXPECT_TRUE(other.options.patterns.empty());
}

TEST(Fields, RefuseWithWhatWasExpectedAndKeepTheValue) {
    Described d;
    EXPECT_EQ(d.set("dim", "0"), "expects a whole number from 1 to 65536, got \"0\"");
    EXPECT_EQ(d.set("dim", "65537"), "expects a whole number from 1 to 65536, got \"65537\"");
    EXPECT_EQ(d.set("bias", "yes"), "expects true or false, got \"yes\" (did you mean true?)");
    EXPECT_EQ(d.set("lr", "fast"), "expects a number from 0 to 10, got \"fast\"");
    EXPECT_EQ(d.set("type", "adam"), "expects adamw or sgd, got \"adam\" (did you mean adamw?)");
    EXPECT_EQ(d.set("type", "adam_w"), "expects adamw or sgd, got \"adam_w\" (that is adamw)");
    EXPECT_EQ(d.set("warmup", "5 %%"), "expects steps (500), a share (5%) or epochs (2 epochs), got \"5 %%\"");
    EXPECT_EQ(d.set("mean", "0.5, 2"), "expects a list of numbers from -1 to 1, got \"2\"");
    EXPECT_EQ(d.set("patterns", "[a"), "expects a list of texts, got \"[a\"");
    EXPECT_NE(d.set("patterns", "a,,b"), "");
    EXPECT_NE(d.set("patterns", "\"a\" b"), "");
    EXPECT_NE(d.set("patterns", "\"a"), "");
    EXPECT_EQ(d.fields.find("dim")->set_from_items({"1", "2"}), "expects a whole number from 1 to 65536, got a list");
    for (const Field& field : d.fields) EXPECT_EQ(field.value_text(), field.default_text());
}

struct PlaceOptions : Options {
    double share = 0.1;
    std::vector<double> shares = {0.5};
    double factor = 1;
    std::string root;
    std::vector<std::string> files;
    std::string name;

    void describe(Fields& fields) override {
        fields.add("share", share, "of the data").range(0, 0.9);
        fields.add("shares", shares, "of several").range(0, 1);
        fields.add("factor", factor, "no share").range(0, 2);
        fields.add("root", root, "folder").path();
        fields.add("files", files, "in it").path();
        fields.add("name", name, "no path");
    }
};

TEST(Fields, SharesMayBePercent) {
    PlaceOptions options;
    Fields fields;
    options.describe(fields);
    EXPECT_EQ(fields.find("share")->set_from_text("10%"), "");
    EXPECT_EQ(options.share, 0.1);
    EXPECT_EQ(fields.find("share")->set_from_text("0.7 %"), "");
    EXPECT_EQ(options.share, 0.007) << "the nearest number, not a quotient of rounded ones";
    EXPECT_EQ(fields.find("shares")->set_from_text("[12.5%, 0.25]"), "");
    EXPECT_EQ(options.shares, (std::vector<double>{0.125, 0.25}));
    EXPECT_EQ(fields.find("share")->value_text(), "0.007");
    EXPECT_EQ(fields.find("share")->set_from_text("95%"),
              "expects a number from 0 to 0.9 or percent (10%), got \"95%\"");
    for (const char* wrong : {"%", "1e1%", "10%%", "-1%", "ten%"}) {
        EXPECT_NE(fields.find("share")->set_from_text(wrong), "") << wrong;
    }
    EXPECT_EQ(fields.find("factor")->set_from_text("10%"), "expects a number from 0 to 2, got \"10%\"");
}

TEST(Fields, PathsKnowTheHomeFolder) {
    PlaceOptions options;
    Fields fields;
    options.describe(fields);
    const char* former = std::getenv("HOME");
    const std::string home = former ? former : "";
    setenv("HOME", "/home/of/me", 1);
    EXPECT_EQ(fields.find("root")->set_from_text("~/data"), "");
    EXPECT_EQ(options.root, "/home/of/me/data");
    EXPECT_EQ(fields.find("root")->set_from_text("~"), "");
    EXPECT_EQ(options.root, "/home/of/me");
    EXPECT_EQ(fields.find("files")->set_from_text("[a~, ~/b]"), "");
    EXPECT_EQ(options.files, (std::vector<std::string>{"a~", "/home/of/me/b"}));
    EXPECT_EQ(fields.find("name")->set_from_text("~/x"), "");
    EXPECT_EQ(options.name, "~/x");
    EXPECT_EQ(fields.find("root")->set_from_text("~you/data"),
              "expects a path, in which only ~/ stands for a home folder, got \"~you/data\" (a file of that name is "
              "./~you/data)");
    EXPECT_NE(fields.find("files")->set_from_text("[a, ~b]"), "");
    unsetenv("HOME");
    EXPECT_EQ(fields.find("root")->set_from_text("~/data"),
              "expects a path, got \"~/data\", but the environment variable HOME names no home folder");
    EXPECT_EQ(options.root, "/home/of/me");
    if (former) setenv("HOME", home.c_str(), 1);
}

TEST(Fields, RefuseWrongDeclarations) {
    Described d;
    EXPECT_THROW(d.fields.add("dim", d.options.dim, "again"), std::logic_error);
    EXPECT_THROW(d.fields.find("type")->range(0, 1), std::logic_error);
    EXPECT_THROW(d.fields.find("dim")->range(2, 1), std::logic_error);
    EXPECT_THROW(d.fields.find("dim")->choices({"1"}), std::logic_error);
}

TEST(NumberText, WholeNumbersAreStrict) {
    int64_t value = 7;
    for (const char* text : {"", "-", "010", "0x10", "+1", " 1", "1 ", "1.0", "1e3", "1_000", "-01", "00", "one",
                             "9223372036854775808", "99999999999999999999999"}) {
        EXPECT_FALSE(parse_int(text, value)) << text;
    }
    EXPECT_EQ(value, 7);
    EXPECT_TRUE(parse_int("-9223372036854775808", value));
    EXPECT_EQ(value, std::numeric_limits<int64_t>::min());
    EXPECT_TRUE(parse_int("0", value));
    EXPECT_EQ(value, 0);
}

TEST(NumberText, NumbersAreStrictAndFinite) {
    double value = 7;
    for (const char* text : {"",      ".",     "-",      "e5",  "1e",   "1e+", "nan", ".nan", "inf",   "-.inf",
                             "0x1p3", "1e999", "1e-999", "1,5", "01.5", "00",  "+1",  "1 ",   "1.2.3", "1f"}) {
        EXPECT_FALSE(parse_double(text, value)) << text;
    }
    EXPECT_EQ(value, 7);
    EXPECT_TRUE(parse_double(".5", value));
    EXPECT_EQ(value, 0.5);
    EXPECT_TRUE(parse_double("-2.E+1", value));
    EXPECT_EQ(value, -20);
}

TEST(NumberText, NumbersComeBackExactly) {
    for (double number : {0.1, 1.0 / 3, 1e-3, 5e-324, 1.7976931348623157e308, 123456789.125, -0.0}) {
        double back = 1;
        ASSERT_TRUE(parse_double(format_double(number), back)) << format_double(number);
        EXPECT_EQ(back, number);
    }
    EXPECT_EQ(format_double(0.05), "0.05");
    EXPECT_EQ(format_double(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(Span, ReadsStepsSharesAndEpochs) {
    Span span;
    ASSERT_TRUE(parse_span("500", span));
    EXPECT_EQ(span, Span::steps(500));
    ASSERT_TRUE(parse_span("1 step", span));
    EXPECT_EQ(span, Span::steps(1));
    ASSERT_TRUE(parse_span("500 steps", span));
    EXPECT_EQ(span, Span::steps(500));
    ASSERT_TRUE(parse_span("2.5%", span));
    EXPECT_EQ(span, Span::percent(2.5));
    ASSERT_TRUE(parse_span("0.5 epochs", span));
    EXPECT_EQ(span, Span::epochs(0.5));
    for (const char* text :
         {"", "%", "-1", "101%", "-5%", "2.5", "epochs", "5 years", "1e3", "010", "2 epochs x", "99999999999999999"}) {
        EXPECT_FALSE(parse_span(text, span)) << text;
    }
    EXPECT_EQ(span, Span::epochs(0.5));
}

TEST(Span, CountsSteps) {
    EXPECT_EQ(Span::percent(5).in_steps(1000, 100), 50);
    EXPECT_EQ(Span::epochs(0.5).in_steps(1000, 101), 51);
    EXPECT_EQ(Span::steps(7).in_steps(1000, 100), 7);
    EXPECT_EQ(Span::steps(7).text(), "7");
    EXPECT_EQ(Span::epochs(1).text(), "1 epoch");
}

TEST(Quote, KeepsErrorsOnOneShortLine) {
    EXPECT_EQ(quote("a\nb\t\x1b[0m"), "\"a\\nb\\t\\x1b[0m\"");
    EXPECT_EQ(quote(std::string(1000, 'x')).size(), 80u + 5);
    EXPECT_EQ(quote(std::string(79, 'x') + "\xc3\xa9"), "\"" + std::string(79, 'x') + "...\"") << "no half character";
}

TEST(Printable, ShowsWhatWouldSteerAScreen) {
    EXPECT_EQ(printable("Gr\xc3\xb6\xc3\x9f\x65 \xe4\xb8\xad \xf0\x9f\x98\x80"),
              "Gr\xc3\xb6\xc3\x9f\x65 \xe4\xb8\xad \xf0\x9f\x98\x80");
    EXPECT_EQ(printable("a\x1b[31m\x07\r\n\t\x7f"), "a\\x1b[31m\\x07\\x0d\\n\\t\\x7f");
    EXPECT_EQ(printable("a\xc2\x9b"
                        "31m"),
              "a\\u{9b}31m");
    EXPECT_EQ(printable("\xe2\x80\xaegnp.exe"), "\\u{202e}gnp.exe");
    EXPECT_EQ(printable("\xe2\x81\xa6\xe2\x80\xa8\xef\xbb\xbf"), "\\u{2066}\\u{2028}\\u{feff}");
    EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80\xe4\xb8"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xe4\\xb8");
    EXPECT_EQ(printable_lines("two:\n  one\n  two\nheed: error"), "two:\n  one\n  two\\nheed: error");
    EXPECT_TRUE(is_printable("caf\xc3\xa9"));
    EXPECT_FALSE(is_printable("caf\xc3"));
    EXPECT_FALSE(is_printable("a\nb"));
}

}  // namespace
}  // namespace heed::fields_test
