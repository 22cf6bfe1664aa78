// Schemas against values: judged by the JSON Schema organisation's test suite where it is installed
// (Debian's json-schema-test-suite), and what is refused.

#include "parvis/grammar/schema.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parvis::grammar {
namespace {

using testing::HasSubstr;

constexpr char kSuite[] = "/usr/share/json-schema-test-suite/tests/draft7/";

std::string ReadAll(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Counts {
  int schemas = 0, refused = 0, values = 0;
};

// All schemas of a file that Parvis takes judge all their values as the suite does.
void CheckFile(const std::string& path, const std::set<std::string>& left_out, Counts& counts) {
  const auto groups = OrderedJson::parse(ReadAll(path));
  for (const OrderedJson& group : groups) {
    const auto described = group["description"].get<std::string>();
    if (left_out.contains(described)) continue;
    ++counts.schemas;
    const auto schema = Schema::Read(group["schema"]);
    if (!schema.ok()) {
      EXPECT_TRUE(schema.status().code() == StatusCode::kUnimplemented ||
                  schema.status().message().find("$ref") != std::string::npos ||
                  schema.status().message().find("prefixItems") != std::string::npos)
          << path << ": " << described << ": " << schema.status().message();
      ++counts.refused;
      continue;
    }
    for (const OrderedJson& test : group["tests"]) {
      if (left_out.contains(test["description"].get<std::string>())) continue;
      ++counts.values;
      const Status valid = (*schema)->Validate(Json(test["data"]));
      EXPECT_EQ(valid.ok(), test["valid"].get<bool>())
          << path << ": " << described << ": " << test["description"] << ": " << valid.message();
    }
  }
}

TEST(SchemaSuite, JudgesAsTheSuiteDoes) {
  if (!std::filesystem::exists(kSuite)) GTEST_SKIP() << "json-schema-test-suite is not installed";
  Counts counts;
  // Draft 7 overlooks what stands beside $ref; since 2019-09 it counts.
  const std::set<std::string> later = {"ref overrides any sibling keywords"};
  for (const char* name : {"additionalProperties",
                           "allOf",
                           "anyOf",
                           "boolean_schema",
                           "const",
                           "default",
                           "definitions",
                           "enum",
                           "exclusiveMaximum",
                           "exclusiveMinimum",
                           "items",
                           "maxItems",
                           "maxLength",
                           "maximum",
                           "minItems",
                           "minLength",
                           "minimum",
                           "oneOf",
                           "pattern",
                           "properties",
                           "ref",
                           "required",
                           "type"}) {
    CheckFile(std::string(kSuite) + name + ".json", later, counts);
  }
  EXPECT_GE(counts.values, 220);
  EXPECT_LE(counts.refused, 60);
  RecordProperty("values", counts.values);
  RecordProperty("refused", counts.refused);
}

TEST(SchemaSuite, FormatsAreThoseOfTheSuite) {
  if (!std::filesystem::exists(kSuite)) GTEST_SKIP() << "json-schema-test-suite is not installed";
  Counts counts;
  for (const char* name : {"date", "date-time", "time", "duration", "uuid", "email", "hostname",
                           "ipv4", "ipv6", "uri"}) {
    const std::string path = std::string(kSuite) + "optional/format/" + name + ".json";
    if (std::filesystem::exists(path)) CheckFile(path, {}, counts);
  }
  EXPECT_GE(counts.values, 50);
}

Status StatusOf(const std::string& text, bool strict = false) {
  return Schema::Parse(text, {.strict = strict}).status();
}

TEST(SchemaTest, RefusesWithThePlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"properties": {"a/b": {"contains": {}}}})", "#/properties/a~1b/contains: this keyword"},
      {R"x({"items": {"pattern": "a(?=b)"}})x", "#/items/pattern: byte 2: (? is supported"},
      {R"({"type": "text"})", "#/type: expected null, boolean"},
      {R"({"format": "colour"})", "#/format: not one of date, date-time"},
      {R"({"$ref": "https://example.org/x"})", "#/$ref: only references within"},
      {R"({"$ref": "#/$defs/x"})", "there is no #/$defs/x"},
      {R"({"minItems": -1})", "#/minItems: expected a whole number"},
      {R"({"anyOf": []})", "#/anyOf: expected a list"},
      {R"({"minimum": "1"})", "#/minimum: expected a number"},
      {R"({"$ref": "#"})", "refers to itself"},
      {R"({"$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"})",
       "refers to itself"},
      {R"({"a": 1, "a": 2})", "duplicate key"},
      {R"(3)", "#: a schema is"},
  };
  for (const auto& [schema, message] : cases) {
    EXPECT_THAT(StatusOf(schema).message(), HasSubstr(message)) << schema;
  }
}

TEST(SchemaTest, StrictWantsClosedObjectsWithAllNamesRequired) {
  const std::string open = R"({"type": "object", "properties": {"a": {}}, "required": ["a"]})";
  EXPECT_TRUE(StatusOf(open).ok());
  EXPECT_THAT(StatusOf(open, true).message(), HasSubstr("additionalProperties"));
  EXPECT_THAT(StatusOf(R"({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"],
                           "additionalProperties": false})",
                       true)
                  .message(),
              HasSubstr("#/required: strict: \"b\""));
  EXPECT_TRUE(StatusOf(R"({"type": "object", "properties": {"a": {"type": "string"}},
                          "required": ["a"], "additionalProperties": false})",
                       true)
                  .ok());
}

TEST(SchemaTest, SaysWhereAValueIsWrong) {
  const auto schema = Schema::Parse(R"({"type": "object", "properties": {"n": {"items":
      {"type": "integer", "minimum": 2}}}, "required": ["n"]})");
  ASSERT_TRUE(schema.ok());
  EXPECT_TRUE((*schema)->Validate(Json::parse(R"({"n": [2, 3.0]})")).ok());
  EXPECT_THAT((*schema)->Validate(Json::parse(R"({"n": [2, 1]})")).message(),
              HasSubstr("/n/1: the number is out of bounds (#/properties/n/items)"));
  EXPECT_THAT((*schema)->Validate(Json::parse("{}")).message(), HasSubstr("\"n\" is missing"));
}

TEST(SchemaTest, BombsAreRefused) {
  // 2^30 ways to look at one value.
  std::string doubling = R"({"$ref": "#/$defs/d0", "$defs": {)";
  for (int i = 0; i < 30; ++i) {
    const std::string next = "{\"$ref\": \"#/$defs/d" + std::to_string(i + 1) + "\"}";
    doubling += "\"d" + std::to_string(i) + "\": {\"anyOf\": [" + next + "," + next + "]},";
  }
  doubling += R"("d30": {"type": "integer"}}})";
  const auto schema = Schema::Parse(doubling);
  if (schema.ok()) {
    EXPECT_EQ((*schema)->Validate(Json("x")).code(), StatusCode::kResourceExhausted);
  }
  std::string deep, end;
  for (int i = 0; i < 1000; ++i) deep += R"({"items":)", end += "}";
  EXPECT_FALSE(StatusOf(deep + "{}" + end).ok());
  std::string chain = R"({"$ref": "#/$defs/d0", "$defs": {)";
  for (int i = 0; i < 4000; ++i) {
    chain +=
        "\"d" + std::to_string(i) + "\": {\"$ref\": \"#/$defs/d" + std::to_string(i + 1) + "\"},";
  }
  EXPECT_THAT(StatusOf(chain + R"("d4000": {}}})").message(), HasSubstr("in a row"));
  EXPECT_EQ(StatusOf(R"x({"pattern": "(a|b)*a(a|b){900}"})x").code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(StatusOf(R"x({"pattern": "((a{500}){500}){500}"})x").code(),
            StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace parvis::grammar
