// Draws answers under schemas, for tests/schema_answers.py: a schema a line on stdin; on stdout a
// JSON line each, {"refused": why} or {"answers": [...], "cut": how many did not end}.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>

#include "parvis/grammar/constrainer.h"
#include "parvis/grammar/test_support.h"

int main(int argc, char** argv) {
  using namespace parvis;  // NOLINT(google-build-using-namespace): a small program
  const int draws = argc > 1 ? std::stoi(argv[1]) : 5;
  const grammar::ListTokenizer tokenizer(grammar::SomeTokens(500));
  const auto constrainer = std::move(grammar::Constrainer::Make(tokenizer)).value();
  for (std::string line; std::getline(std::cin, line);) {
    OrderedJson out;
    const auto schema = grammar::ParseSchemaJson(line);
    const auto made = schema.ok()
                          ? constrainer->JsonSchema(*schema)
                          : Result<std::shared_ptr<const runtime::Constraint>>(schema.status());
    if (!made.ok()) {
      out["refused"] = made.status().message();
    } else {
      int cut = 0;
      out["answers"] = OrderedJson::array();
      for (int seed = 0; seed < draws; ++seed) {
        bool ended = false;
        const std::string text =
            grammar::Draw(**made, tokenizer, static_cast<uint64_t>(seed), 600, &ended);
        if (ended) out["answers"].push_back(text);
        cut += ended ? 0 : 1;
      }
      out["cut"] = cut;
    }
    std::cout << out.dump() << "\n";
  }
  return testing::UnitTest::GetInstance()->Passed() ? 0 : 1;
}
