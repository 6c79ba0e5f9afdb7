// names_test.cpp - every SQL name becomes a legal and unique Avro name.
#include <gtest/gtest.h>

#include "format/avro/names.hpp"

using namespace spout::avro;
using Names = std::vector<std::string>;

TEST(Names, EachCharacterThatCannotStandBecomesAnUnderscore)
{
    EXPECT_EQ(mangle("?column?"), "column");
    EXPECT_EQ(mangle("my col"), "my_col");
    EXPECT_EQ(mangle("a.b:c"), "a_b_c");
    EXPECT_EQ(mangle("1a"), "_1a");
    EXPECT_EQ(mangle("größe"), "gr__e");
    EXPECT_EQ(mangle("_x"), "_x");
    EXPECT_EQ(mangle("xmlid"), "xmlid");
    EXPECT_EQ(mangle("\xF0\x9F\x98\x80"), "_");
    EXPECT_EQ(mangle(""), "_");
    EXPECT_EQ(mangle("a?column?"), "a_column_");
}

TEST(Names, DuplicatesAvoidLaterNamesAndIgnoreCase)
{
    EXPECT_EQ(unique_names({"a", "a"}), (Names{"a", "a_2"}));
    EXPECT_EQ(unique_names({"a", "A"}), (Names{"a", "A_2"}));
    EXPECT_EQ(unique_names({"a", "a", "a_2"}), (Names{"a", "a_3", "a_2"}));
    EXPECT_EQ(unique_names({"?column?", "?column?", "column"}), (Names{"column", "column_2", "column_3"}));
    EXPECT_EQ(unique_names({"a b", "a.b", "a_b"}), (Names{"a_b", "a_b_2", "a_b_3"}));
    EXPECT_EQ(unique_names({"a", "A_2", "a"}), (Names{"a", "A_2", "a_3"}));
}

TEST(Names, TypesTakeTheFirstFreeName)
{
    NameSet set;
    EXPECT_EQ(set.take("app_row"), "app_row");
    EXPECT_EQ(set.take("app_row"), "app_row_2");
    EXPECT_EQ(set.take("App_Row"), "App_Row_3");
    // A table may be called int; an Avro type may not.
    EXPECT_EQ(set.take("int"), "int_2");
}

TEST(Names, WhatIsANameAndANamespace)
{
    EXPECT_TRUE(is_name("_a1"));
    for (const char *bad : {"", "1a", "a-b", "a.b", "ä", "a "})
        EXPECT_FALSE(is_name(bad)) << bad;
    EXPECT_TRUE(is_namespace("com.example._x"));
    EXPECT_TRUE(is_namespace(""));
    for (const char *bad : {".", "a.", ".a", "a..b", "a b"})
        EXPECT_FALSE(is_namespace(bad)) << bad;
}
