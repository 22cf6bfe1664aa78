#include "parvis/server/schema.h"

#include "gtest/gtest.h"

namespace parvis::server {
namespace {

constexpr std::string_view kColours[] = {"red", "blue"};
constexpr Shape kText = String(4, 1);
constexpr Shape kTextOrTexts[] = {kText, Array(kText, 1, 2)};
constexpr Field kInnerFields[] = {{"on", Boolean(), Presence::kRequired}};
constexpr Field kFields[] = {
    {"name", kText, Presence::kRequired},
    {"count", Integer(1, 3)},
    {"share", Number(0, 1), Presence::kOptional},
    {"colour", Among(kColours)},
    {"texts", OneOf(kTextOrTexts)},
    {"inner", Object(kInnerFields)},
    {"old", Integer(0, 9), Presence::kIgnored},
    {"never", Any(), Presence::kUnsupported},
};
constexpr Shape kBody = Object(kFields);

// The part that is refused; "" if all is well.
std::string Refused(std::string_view body) {
  const auto read = ReadBody(body, kBody);
  return read.ok() ? "" : read.refusal().param + "|" + read.refusal().code;
}

TEST(Schema, TakesWhatFits) {
  EXPECT_EQ(Refused(R"({"name":"a"})"), "");
  EXPECT_EQ(Refused(R"({"name":"abcd","count":3,"share":0.5,"colour":"red","texts":["a","b"],
                       "inner":{"on":true},"old":3})"),
            "");
  EXPECT_EQ(Refused(R"({"name":"a","count":null,"never":null})"), "");
  EXPECT_EQ(Refused(R"({"name":"a","count":2.0})"), "") << "as in JSON Schema";
}

TEST(Schema, NamesWhatDoesNot) {
  EXPECT_EQ(Refused("{}"), "name|missing_required_parameter");
  EXPECT_EQ(Refused(R"({"name":null})"), "name|invalid_type");
  EXPECT_EQ(Refused(R"({"name":""})"), "name|");
  EXPECT_EQ(Refused(R"({"name":"abcde"})"), "name|string_above_max_length");
  EXPECT_EQ(Refused(R"({"name":"a","count":0})"), "count|out_of_range");
  EXPECT_EQ(Refused(R"({"name":"a","count":1.5})"), "count|invalid_type");
  EXPECT_EQ(Refused(R"({"name":"a","count":99999999999999999999})"), "count|out_of_range");
  EXPECT_EQ(Refused(R"({"name":"a","share":null})"), "share|invalid_type");
  EXPECT_EQ(Refused(R"({"name":"a","share":1e308})"), "share|out_of_range");
  EXPECT_EQ(Refused(R"({"name":"a","colour":"green"})"), "colour|invalid_value");
  EXPECT_EQ(Refused(R"({"name":"a","texts":["a","b","c"]})"), "texts|array_above_max_length");
  EXPECT_EQ(Refused(R"({"name":"a","texts":["a",7]})"), "texts[1]|invalid_type");
  EXPECT_EQ(Refused(R"({"name":"a","texts":7})"), "texts|invalid_type");
  EXPECT_EQ(Refused(R"({"name":"a","inner":{}})"), "inner.on|missing_required_parameter");
  EXPECT_EQ(Refused(R"({"name":"a","inner":{"on":true,"off":1}})"), "inner.off|unknown_parameter");
  EXPECT_EQ(Refused(R"({"name":"a","old":10})"), "old|out_of_range");
  EXPECT_EQ(Refused(R"({"name":"a","never":1})"), "never|unsupported_parameter");
  EXPECT_EQ(Refused("[]"), "|invalid_type");
  EXPECT_EQ(Refused("{"), "|invalid_json");
  EXPECT_EQ(Refused(R"({"name":"a"} x)"), "|invalid_json");
}

TEST(Schema, IsToldInJsonSchema) {
  const OrderedJson schema = SchemaOf(kBody);
  EXPECT_EQ(schema["required"], OrderedJson({"name"}));
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["properties"]["count"]["anyOf"][0]["maximum"], 3);
  EXPECT_EQ(schema["properties"]["share"]["minimum"], 0);
  EXPECT_FALSE(schema["properties"].contains("never"));
}

}  // namespace
}  // namespace parvis::server
