// Answers under a schema: masks against what each token's bytes do alone, drawn answers against the
// schema, and in the engine.

#include "parvis/grammar/constrainer.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/grammar/test_support.h"
#include "parvis/runtime/test_support.h"
#include "parvis/text/utf8.h"

namespace parvis::grammar {
namespace {

const std::vector<std::string>& Schemas() {
  static const auto& schemas = *new std::vector<std::string>{
      R"({"type": "object"})",
      "true",
      R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}, "age":
          {"type": "integer", "minimum": 0, "maximum": 150}, "tags": {"type": "array", "items":
          {"enum": ["a", "b", "naïve"]}, "maxItems": 3}}, "required": ["name", "age"]})",
      R"({"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "string", "pattern":
          "^[a-c]{2,4}$"}, {"type": "null"}]}, "minItems": 2, "maxItems": 5})",
      R"({"type": "object", "properties": {"date": {"format": "date-time", "type": "string"}, "id":
          {"type": "string", "format": "uuid"}}, "required": ["date", "id"]})",
      R"({"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"next": {"anyOf":
          [{"$ref": "#/$defs/n"}, {"type": "null"}]}}, "required": ["next"]}}})",
      R"({"type": "object", "additionalProperties": {"type": "integer"}, "properties": {"na":
          {"type": "string", "minLength": 2}}})",
      R"({"anyOf": [{"type": "object", "properties": {"name": {"const": "one"}, "arguments":
          {"type": "object", "properties": {"x": {"type": "number", "exclusiveMinimum": 0.5,
          "maximum": 2}}, "required": ["x"], "additionalProperties": false}}, "required": ["name",
          "arguments"]}, {"type": "object", "properties": {"name": {"const": "other"}, "arguments":
          {"type": "object"}}, "required": ["name", "arguments"]}]})",
      R"({"type": "integer"})",
      R"({"type": "string", "pattern": "é|\"|\\\\", "minLength": 3, "maxLength": 9})",
      R"({"type": "array", "prefixItems": [{"type": "boolean"}, {"format": "ipv4", "type":
          "string"}], "items": false, "minItems": 2})",
  };
  return schemas;
}

std::shared_ptr<const runtime::Constraint> ConstraintOf(Constrainer& constrainer,
                                                        const std::string& schema) {
  auto made = constrainer.JsonSchema(OrderedJson::parse(schema));
  EXPECT_TRUE(made.ok()) << schema << made.status().message();
  return std::move(made).value();
}

TEST(ConstrainerTest, DrawnAnswersSatisfyTheSchema) {
  const ListTokenizer tokenizer(SomeTokens(400));
  const auto constrainer = std::move(Constrainer::Make(tokenizer)).value();
  int ended = 0;
  for (const std::string& text : Schemas()) {
    const auto constraint = ConstraintOf(*constrainer, text);
    const auto schema = Schema::Parse(text).value();
    for (uint64_t seed = 0; seed < 40; ++seed) {
      bool whole = false;
      const std::string answer = Draw(*constraint, tokenizer, seed, 400, &whole);
      if (!whole) continue;
      ++ended;
      EXPECT_TRUE(text::IsValidUtf8(answer)) << answer;
      const Json json = Json::parse(answer, nullptr, false);
      ASSERT_FALSE(json.is_discarded()) << text << ": " << answer;
      EXPECT_TRUE(schema->Validate(json).ok())
          << schema->Validate(json).message() << ": " << text << ": " << answer;
    }
  }
  EXPECT_GE(ended, 300);
}

// The machine, a byte at a time, for each token by itself: no tree, no cache.
Bits MaskByDefinition(const Automaton& machine, const TokenTree& tree, const std::string& text) {
  Stacks stacks(machine);
  std::vector<StackId> live, next;
  stacks.Begin(live);
  for (const char c : text) {
    stacks.Step(live, static_cast<uint8_t>(c), next);
    live.swap(next);
  }
  Bits bits((tree.vocab_size() + 63) / 64);
  for (size_t id = 0; id < tree.vocab_size(); ++id) {
    std::vector<StackId> now = live;
    for (const char c : tree.BytesOf(static_cast<int32_t>(id))) {
      stacks.Step(now, static_cast<uint8_t>(c), next);
      now.swap(next);
    }
    const bool possible = !tree.BytesOf(static_cast<int32_t>(id)).empty() && !now.empty();
    if (possible) bits[id / 64] |= uint64_t{1} << (id % 64);
  }
  return bits;
}

TEST(MasksTest, AreWhatEachTokenSays) {
  const ListTokenizer tokenizer(SomeTokens(700));
  const auto tree = TokenTree::Make(tokenizer).value();
  const auto cache = std::make_shared<MaskCache>(size_t{1} << 20);
  uint32_t number = 0;
  for (const std::string& text : Schemas()) {
    const auto machine = MakeAutomaton(*Schema::Parse(text).value()).value();
    const Masks masks(machine, tree, cache, number);
    const auto constraint = MakeConstraint(machine, tree, cache, number++);
    for (uint64_t seed = 100; seed < 104; ++seed) {
      bool whole = false;
      const std::string answer = Draw(*constraint, tokenizer, seed, 60, &whole);
      Stacks stacks(*machine);
      std::vector<StackId> live, next;
      stacks.Begin(live);
      for (size_t i = 0; i < answer.size(); ++i) {
        ASSERT_EQ(masks.Of(stacks, live).value()->bits,
                  MaskByDefinition(*machine, *tree, answer.substr(0, i)))
            << text << " after " << answer.substr(0, i);
        stacks.Step(live, static_cast<uint8_t>(answer[i]), next);
        live.swap(next);
        stacks.Compact(live);
      }
    }
  }
  EXPECT_LE(cache->bytes(), size_t{1} << 20);
}

TEST(ConstrainerTest, SpecialTokensStayOut) {
  const ListTokenizer tokenizer({});
  const auto constrainer = std::move(Constrainer::Make(tokenizer)).value();
  const auto state = ConstraintOf(*constrainer, R"({"type": "string"})")->Begin();
  std::vector<float> logits(300, 1.0f);  // more rows than tokens
  for (const char c : std::string("\"a\\\"")) {
    ASSERT_TRUE(state->Mask(logits).ok());
    EXPECT_TRUE(std::isinf(logits[ListTokenizer::kEnd]));
    EXPECT_TRUE(std::isinf(logits[ListTokenizer::kControl]));  // its text would fit
    EXPECT_TRUE(std::isinf(logits[258]) && std::isinf(logits[299]));
    EXPECT_EQ(logits[static_cast<uint8_t>(c)], 1.0f);
    state->Accept(c);
    std::fill(logits.begin(), logits.end(), 1.0f);
  }
  EXPECT_FALSE(state->Finished());
  state->Accept('"');
  EXPECT_TRUE(state->Finished());
}

TEST(ConstrainerTest, ANumberEndsWithAnEndToken) {
  const ListTokenizer tokenizer({});
  const auto constrainer = std::move(Constrainer::Make(tokenizer)).value();
  const auto state = ConstraintOf(*constrainer, R"({"type": "integer", "maximum": 99})")->Begin();
  std::vector<float> logits(258, 0.0f);
  ASSERT_TRUE(state->Mask(logits).ok());
  EXPECT_TRUE(std::isinf(logits[ListTokenizer::kEnd]));
  state->Accept('7');
  std::fill(logits.begin(), logits.end(), 0.0f);
  ASSERT_TRUE(state->Mask(logits).ok());
  EXPECT_EQ(logits[ListTokenizer::kEnd], 0.0f);
  EXPECT_EQ(logits['1'], 0.0f);
  EXPECT_FALSE(state->Finished());
  state->Accept(ListTokenizer::kEnd);
  EXPECT_TRUE(state->Finished());
}

TEST(ConstrainerTest, RefusesAVocabularyThatCannotWriteJson) {
  class NoBrace : public text::Tokenizer {
   public:
    NoBrace() : Tokenizer({.tokens = {"a"}, .kinds = {text::TokenKind::kNormal}}) {}
    std::string Decode(std::span<const text::TokenId>, bool) const override { return {}; }
    std::string TokenBytes(text::TokenId) const override { return "a"; }

   private:
    void EncodeSection(const Section&, text::Encoded&) const override {}
  };
  EXPECT_EQ(Constrainer::Make(NoBrace()).status().code(), StatusCode::kUnimplemented);
}

TEST(ConstrainerTest, GrammarsAreMadeOnce) {
  const ListTokenizer tokenizer({});
  const auto constrainer = std::move(Constrainer::Make(tokenizer)).value();
  const auto first = constrainer->JsonObject().value();
  EXPECT_EQ(first, constrainer->JsonObject().value());
  EXPECT_NE(first, constrainer->JsonObject("somebody else").value());  // who need not know of it
  EXPECT_EQ(first, constrainer->JsonObject().value());
  for (int i = 0; i < 70; ++i) {
    ConstraintOf(*constrainer, R"({"type": "integer", "minimum": )" + std::to_string(i) + "}");
  }
  EXPECT_NE(first, constrainer->JsonObject().value());  // the first had to go
}

using EngineGrammarTest = runtime::EngineTest;

TEST_F(EngineGrammarTest, AnswersAreTheSameAloneAndTogether) {
  const auto constrainer = std::move(Constrainer::Make(*model_.tokenizer)).value();
  std::vector<runtime::GenerateRequest> requests;
  for (uint64_t i = 0; i < 10; ++i) {
    runtime::GenerateRequest r{.prompt = runtime::RandomPrompt(i, 5 + 7 * static_cast<int64_t>(i)),
                               .max_tokens = 60,
                               .logprobs = 2};
    r.sampling.seed = i;
    r.sampling.top_p = i % 3 == 0 ? 0.9f : 1.0f;
    r.sampling.temperature = i % 4 == 3 ? 0.0f : 1.0f;
    r.sampling.repetition_penalty = i % 5 == 2 ? 1.3f : 1.0f;
    if (i != 4) r.constraint = ConstraintOf(*constrainer, Schemas()[i]);
    requests.push_back(r);
  }
  std::vector<runtime::Completion> alone;
  for (const auto& request : requests) {
    const auto engine = Make();
    alone.push_back(Generate(*engine, request).value());
  }
  // So few pages that sequences have to give way.
  const auto engine = Make({.kv_budget_bytes = 8 * runtime::kPageBytes, .max_batch_tokens = 17});
  std::vector<runtime::Completion> together(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].on_token = [&together, i](const runtime::TokenEvent& event) {
      if (event.token >= 0) together[i].tokens.push_back(event.token);
      if (event.token >= 0) together[i].logprobs.push_back(event.logprob);
      together[i].text += event.text;
      if (event.finish) together[i].finish = *event.finish;
    };
    ASSERT_TRUE(engine->Submit(requests[i]).ok());
  }
  while (engine->Step()) {
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(together[i].tokens, alone[i].tokens) << i;
    EXPECT_EQ(together[i].logprobs, alone[i].logprobs) << i;
    EXPECT_EQ(together[i].text, alone[i].text) << i;
    EXPECT_EQ(together[i].finish, alone[i].finish) << i;
    if (i != 4 && alone[i].finish == runtime::FinishReason::kStop) {
      const auto json = Json::parse(alone[i].text, nullptr, false);
      EXPECT_FALSE(json.is_discarded()) << alone[i].text;
    }
  }
}

}  // namespace
}  // namespace parvis::grammar
