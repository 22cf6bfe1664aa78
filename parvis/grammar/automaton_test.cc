// What a schema's machine accepts.

#include "parvis/grammar/automaton.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/grammar/calls.h"
#include "parvis/grammar/test_support.h"

namespace parvis::grammar {
namespace {

Result<std::shared_ptr<const Automaton>> MachineOf(const std::string& text) {
  PARVIS_ASSIGN_OR_RETURN(const auto schema, Schema::Parse(text));
  return MakeAutomaton(*schema);
}

struct Case {
  std::string schema;
  std::vector<std::string> accepted, refused;
};

const std::vector<Case>& Cases() {
  static const auto& cases = *new std::vector<Case>{
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"},
           "c": {"type": "null"}}, "required": ["b"]})",
       {R"({"a":1,"b":"x","c":null})", R"({"b": ""})", "{\n  \"a\": 1,\n  \"b\": \"x\"\n}",
        R"({ "b":"é\n\u00e9\ud83d\ude00" })"},
       {R"({"b":"x","a":1})", R"({"a":1})", R"({"a":1})", R"({"b":"x","d":1})", R"({"b":"x",})",
        R"({"b":"x","b":"y"})", R"({"b":"\ud83d"})", R"({"b":"\x"})", "{\"b\":\"\n\"}",
        "{\"b\":\"\xC3\"}", R"({"b":"x"} )", R"({"b" :"x"})", R"({"b":  "x"})", ""}},
      {R"({"type": "object", "additionalProperties": {"type": "integer"},
           "properties": {"ab": {"type": "string"}}})",
       {R"({})", R"({"ab":"x","a":1,"abc":2})", R"({"":1,"A\n":2})"},
       {R"({"a":1,"ab":"x"})", R"({"ab":1})", R"({"a":1,"ab":2})", R"({"\u0061b":1})"}},
      {R"({"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "boolean"},
           "minItems": 1, "maxItems": 3})",
       {"[1]", "[1,true]", "[1, true, false]", "[\n 1,\n true\n]"},
       {"[]", "[true]", "[1,true,true,true]", "[1,]", "[1 ,true]", "[1,1]"}},
      {R"({"enum": ["a", 1, null, {"x": [1, "é"]}]})",
       {R"("a")", "1", "null", R"({"x":[1,"é"]})"},
       {R"("b")", "2", R"({"x": [1,"é"]})", "1.0"}},
      {R"({"type": "number"})",
       {"0", "-1.5e10", "0.25", "123456789012345", "1E+9"},
       {"01", "1.", ".5", "+1", "1e", "1e999", "1234567890123456", "NaN", "-"}},
      {R"({"type": "integer", "minimum": -12, "exclusiveMaximum": 105})",
       {"-12", "-9", "0", "7", "104", "-0"},
       {"-13", "105", "1.0", "1e1", "00", "999"}},
      {R"({"type": "number", "exclusiveMinimum": 0.5, "maximum": 12.25})",
       {"0.51", "0.50001", "1", "12.25", "12.250", "9.99", "12.2"},
       {"0.5", "0.50", "0", "12.26", "12.2500001", "13", "-1", "1e0"}},
      {R"({"type": "number", "maximum": -0.25})",
       {"-0.25", "-1", "-0.3", "-99"},
       {"-0.2", "0", "-0.2499", "1"}},
      {R"({"type": "string", "minLength": 2, "maxLength": 3})",
       {R"("ab")", R"("é😀")", R"("\u00e9\n")", R"("\ud83d\ude00ab")"},
       {R"("a")", R"("abcd")", R"("\ud83d\ude00")", R"("\n")"}},
      {R"x({"type": "string", "pattern": "^(ab)*$", "minLength": 3, "maxLength": 5})x",
       {R"("abab")"},
       {R"("ab")", R"("ababab")", R"("aba")"}},
      {R"({"type": "string", "pattern": "[\"\\\\\n]é", "maxLength": 3})",
       {R"("\"é")", R"("\\éx")", R"("x\né")"},
       {R"("é")", R"("\u0022é")", R"("xx\"é")"}},
      {R"({"type": "string", "format": "date", "pattern": "^2024"})",
       {R"("2024-02-29")", R"("2024-12-31")"},
       {R"("2023-01-01")", R"("2024-02-30")", R"("x")"}},
      {R"({"allOf": [{"type": ["integer", "string"], "minimum": 3}, {"maximum": 5},
           {"anyOf": [{"type": "integer"}, {"type": "null"}]}]})",
       {"3", "5"},
       {"2", "6", "null", R"("a")"}},
      {R"({"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
           {"properties": {"a": {"minimum": 5}, "b": {"type": "null"}}}], "type": "object"})",
       {R"({"a":5})", R"({"a":7,"b":null})"},
       {R"({"a":4})", R"({})", R"({"b":null})"}},
      {R"({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties":
           {"left": {"$ref": "#/$defs/tree"}, "v": {"type": "integer"}}, "required": ["v"]}}})",
       {R"({"v":1})", R"({"left":{"left":{"v":1},"v":2},"v":3})"},
       {R"({"left":{}})", "{}"}},
      {R"({"anyOf": [{"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type":
           "integer"}}, "required": ["kind", "x"]}, {"type": "object", "properties": {"kind":
           {"const": "b"}, "y": {"type": "string"}}, "required": ["kind", "y"]}]})",
       {R"({"kind":"a","x":1})", R"({"kind":"b","y":"z"})"},
       {R"({"kind":"a","y":"z"})", R"({"kind":"c"})"}},
      {R"({"type": "string", "nullable": true, "maxLength": 1})", {"null", R"("a")"}, {"1"}},
      {"true", {"1", "[]", R"({"a":[{}]})", R"("x")", "null", "false"}, {"", "nul", "[", "1 "}},
      {R"({"type": "object"})", {"{}", R"({"a": {"b": [1, null]}})"}, {"[]", "1"}},
      {R"({"required": ["z"], "type": "object"})", {R"({"z":1})", R"({"z":1,"a":2})"}, {"{}"}},
      {R"({"const": 2, "enum": [1, 2, 3]})", {"2"}, {"1"}},
      {R"({"type": "object", "properties": {"a\"\\": {"type": "null"}}, "required": ["a\"\\"]})",
       {R"({"a\"\\":null})"},
       {R"({"a":null})"}},
      {R"({"type": ["boolean", "null"], "enum": [true, null, 1]})",
       {"true", "null"},
       {"1", "false"}},
  };
  return cases;
}

TEST(AutomatonTest, AcceptsWhatSatisfiesTheSchema) {
  for (const Case& c : Cases()) {
    const auto machine = MachineOf(c.schema);
    ASSERT_TRUE(machine.ok()) << c.schema << ": " << machine.status().message();
    const auto schema = Schema::Parse(c.schema).value();
    for (const std::string& text : c.accepted) {
      EXPECT_TRUE(Accepts(**machine, text)) << c.schema << " and " << text;
      const auto json = ParseJson(text);
      ASSERT_TRUE(json.ok()) << text;
      EXPECT_TRUE(schema->Validate(*json).ok()) << schema->Validate(*json).message() << text;
    }
    for (const std::string& text : c.refused) {
      EXPECT_FALSE(Accepts(**machine, text)) << c.schema << " and " << text;
    }
  }
}

TEST(CallsTest, ReferencesStayWithinAFunction) {
  const std::vector<CallableFunction> functions = {
      {"plain", nullptr},
      {"tree",
       OrderedJson::parse(R"({"$id": "x", "$ref": "#/$defs/t", "$defs": {"t": {"type": "object",
          "properties": {"$ref": {"type": "integer"}, "t": {"$ref": "#/$defs/t"}}}}})")},
      {"self", OrderedJson::parse(R"({"type": "object", "properties": {"s": {"$ref": "#"},
          "e": {"const": {"$ref": "#"}}}})")}};
  const auto schema = Schema::Read(CallSchema(functions));
  ASSERT_TRUE(schema.ok()) << schema.status().message();
  const auto machine = MakeAutomaton(**schema).value();
  for (const char* text :
       {R"({"name":"plain","arguments":{"x":[1]}})", R"({"name": "tree", "arguments": {}})",
        R"({"name":"tree","arguments":{"$ref":1,"t":{"t":{}}}})",
        R"({"name":"self","arguments":{"s":{"s":{}},"e":{"$ref":"#"}}})"}) {
    EXPECT_TRUE(Accepts(*machine, text)) << text;
  }
  for (const char* text :
       {R"({"name":"plain"})", R"({"name":"other","arguments":{}})",
        R"({"arguments":{},"name":"plain"})", R"({"name":"tree","arguments":{"t":1}})",
        R"({"name":"self","arguments":{"x":1}})"}) {
    EXPECT_FALSE(Accepts(*machine, text)) << text;
  }
}

TEST(AutomatonTest, NestingEnds) {
  const auto machine = MachineOf("true").value();
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(Accepts(*machine, nested(kMaxNesting)));
  EXPECT_FALSE(Accepts(*machine, nested(kMaxNesting + 1)));
  // What has to come inside still fits.
  const auto tree = MachineOf(R"({"type": "object", "properties": {"t": {"$ref": "#"}, "u": {
      "type": "array", "items": {"type": "array"}, "minItems": 1}}, "required": ["u"]})")
                        .value();
  std::string begin, end;
  for (int i = 0; i < kMaxNesting - 3; ++i) begin += R"({"t":)", end += R"(,"u":[[]]})";
  EXPECT_TRUE(Accepts(*tree, begin + R"({"u":[[]]})" + end));
  EXPECT_FALSE(Accepts(*tree, begin + R"({"t":{"u":[[]]},"u":[[]]})" + end));
}

TEST(AutomatonTest, RefusesWhatNothingSatisfies) {
  for (const char* schema :
       {"false", R"({"type": "integer", "minimum": 3, "maximum": 2})",
        R"({"type": "integer", "exclusiveMinimum": 2, "exclusiveMaximum": 3})",
        R"({"type": "string", "pattern": "^a$", "minLength": 2})",
        R"({"type": "object", "properties": {"a": false}, "required": ["a"]})",
        R"({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})",
        R"({"enum": [1, 2], "type": "string"})", R"({"enum": []})",
        R"({"type": "array", "items": false, "minItems": 1})",
        R"({"allOf": [{"type": "string"}, {"type": "null"}]})"}) {
    const auto machine = MachineOf(schema);
    ASSERT_FALSE(machine.ok()) << schema;
    EXPECT_THAT(machine.status().message(), testing::HasSubstr("nothing can satisfy")) << schema;
  }
}

TEST(AutomatonTest, BombsAreRefused) {
  std::string product = R"({"allOf": [)";
  for (int i = 0; i < 12; ++i) {
    product += std::string(i > 0 ? "," : "") + R"({"anyOf": [{"minimum": )" + std::to_string(i) +
               R"(}, {"maximum": )" + std::to_string(i) + "}]}";
  }
  EXPECT_EQ(MachineOf(product + "]}").status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(MachineOf(R"x({"type": "string", "pattern": "^(a|b|c)*$", "minLength": 9000000})x")
                .status()
                .code(),
            StatusCode::kResourceExhausted);
  std::string texts = R"({"type": "string", "allOf": [)";
  for (int i = 0; i < 12; ++i) {
    texts += std::string(i > 0 ? "," : "") + R"x({"pattern": "^([ab]{)x" +
             std::to_string(31 + 2 * i) + R"x(})*$"})x";
  }
  EXPECT_EQ(MachineOf(texts + "]}").status().code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace parvis::grammar
