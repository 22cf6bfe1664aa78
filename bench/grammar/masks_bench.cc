// parvis_masks_bench TOKENIZER...: for each tokeniser, and for all their tokens together as one
// vocabulary (so that large ones can be measured where only small ones are at hand), milliseconds
// for the tree of a vocabulary, for making a grammar, and microseconds for the mask of each token
// of an answer: the first time, and once masks are kept.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "parvis/cli/tokenizer_file.h"
#include "parvis/grammar/constrainer.h"

namespace parvis {
namespace {

using Clock = std::chrono::steady_clock;

double Microseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::micro>(Clock::now() - since).count();
}

struct Task {
  const char *name, *schema, *answer;
};

constexpr Task kTasks[] = {
    {"any object", R"({"type": "object"})",
     R"({"title": "A walk by the river", "length": 12.5, "tags": ["quiet", "long", "été"],
  "more": {"open": true, "notes": "It rained \"a little\" in the morning, and the path was empty."}})"},
    {"form", R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 80},
        "born": {"type": "string", "format": "date"}, "email": {"type": "string", "format":
        "email"}, "pets": {"type": "array", "items": {"type": "object", "properties": {"kind":
        {"enum": ["cat", "dog", "hen"]}, "age": {"type": "integer", "minimum": 0, "maximum": 30}},
        "required": ["kind", "age"]}, "maxItems": 5}, "note": {"type": "string"}},
        "required": ["name", "born", "email", "pets", "note"], "additionalProperties": false})",
     R"({"name": "Ada Byron", "born": "1815-12-10", "email": "ada@example.org", "pets": [
  {"kind": "cat", "age": 3}, {"kind": "hen", "age": 1}], "note": "Likes numbers, and is liked by them."})"},
    {"tool call", R"({"anyOf": [
        {"type": "object", "properties": {"name": {"const": "get_weather"}, "arguments": {"type":
        "object", "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
        "required": ["city"]}}, "required": ["name", "arguments"]},
        {"type": "object", "properties": {"name": {"const": "search"}, "arguments": {"type":
        "object", "properties": {"query": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["query"]}}, "required": ["name", "arguments"]}]})",
     R"({"name": "search", "arguments": {"query": "where herons nest in winter", "count": 10}})"},
};

void Print(const char* label, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::printf("    %-6s median %8.1f us   90%% %8.1f us   most %8.1f us   (%zu tokens)\n", label,
              times[times.size() / 2], times[times.size() * 9 / 10], times.back(), times.size());
}

// One answer; false if a token was not allowed.
bool Answer(const runtime::Constraint& constraint, const std::vector<int32_t>& tokens,
            std::vector<float>& logits, std::vector<double>& times) {
  const auto state = constraint.Begin();
  for (const int32_t token : tokens) {
    std::fill(logits.begin(), logits.end(), 0.0f);
    const auto begin = Clock::now();
    const Status masked = state->Mask(logits);
    if (!masked.ok() || logits[token] != 0.0f) return false;
    state->Accept(token);
    times.push_back(Microseconds(begin));
  }
  return state->Finished();
}

// All tokens of several vocabularies, each once; encodes by the longest token that fits.
class Joined : public text::Tokenizer {
 public:
  explicit Joined(const std::set<std::string>& tokens) : Tokenizer(Listed(tokens)) {}
  std::string Decode(std::span<const text::TokenId>, bool) const override { return {}; }
  std::string TokenBytes(text::TokenId id) const override { return vocabulary().tokens[id]; }

 private:
  void EncodeSection(const Section& section, text::Encoded& out) const override {
    for (size_t at = 0; at < section.text.size();) {
      size_t size = std::min<size_t>(section.text.size() - at, 64);
      while (size > 1 && !Find(section.text.substr(at, size))) --size;
      out.ids.push_back(*Find(section.text.substr(at, size)));
      at += size;
    }
  }
  static text::Vocabulary Listed(const std::set<std::string>& tokens) {
    text::Vocabulary vocabulary;
    vocabulary.tokens.assign(tokens.begin(), tokens.end());
    vocabulary.kinds.assign(tokens.size(), text::TokenKind::kNormal);
    return vocabulary;
  }
};

int Run(const std::string& name, const text::Tokenizer& tokenizer) {
  const auto begin = Clock::now();
  const auto constrainer = grammar::Constrainer::Make(tokenizer);
  if (!constrainer.ok()) {
    return std::fprintf(stderr, "%s\n", constrainer.status().message().c_str()), 1;
  }
  std::printf("%s: %d tokens, tree in %.0f ms\n", name.c_str(), tokenizer.vocab_size(),
              Microseconds(begin) / 1000);
  std::vector<float> logits(static_cast<size_t>(tokenizer.vocab_size()));
  for (const Task& task : kTasks) {
    const auto start = Clock::now();
    const auto made = (*constrainer)->JsonSchema(OrderedJson::parse(task.schema));
    if (!made.ok()) return std::fprintf(stderr, "%s\n", made.status().message().c_str()), 1;
    std::printf("  %s: grammar in %.2f ms\n", task.name, Microseconds(start) / 1000);
    // After a letter, so that SentencePiece puts no space before it.
    const std::string text = "x\n" + std::string(task.answer);
    std::vector<int32_t> tokens = tokenizer.Encode(text, {.add_special = false}).ids;
    while (tokenizer.TokenBytes(tokens[0]).find('{') == std::string::npos) {
      tokens.erase(tokens.begin());
    }
    std::vector<double> first, later;
    if (!Answer(**made, tokens, logits, first)) return std::fprintf(stderr, "not allowed\n"), 1;
    for (int i = 0; i < 20; ++i) Answer(**made, tokens, logits, later);
    Print("first", first);
    Print("later", later);
  }
  return 0;
}

}  // namespace
}  // namespace parvis

int main(int argc, char** argv) {
  std::set<std::string> all;
  int failed = argc < 2 ? 2 : 0;
  for (int i = 1; i < argc; ++i) {
    const auto opened = parvis::cli::OpenTokenizer(argv[i]);
    if (!opened.ok()) {
      std::fprintf(stderr, "%s\n", opened.status().message().c_str());
      return 1;
    }
    const parvis::text::Tokenizer& tokenizer = **opened;
    failed = std::max(failed, parvis::Run(argv[i], tokenizer));
    for (int id = 0; id < tokenizer.vocab_size(); ++id) {
      if (!tokenizer.IsSpecial(id)) all.insert(tokenizer.TokenBytes(id));
    }
  }
  all.erase("");
  if (argc > 2) failed = std::max(failed, parvis::Run("together", parvis::Joined(all)));
  return failed;
}
