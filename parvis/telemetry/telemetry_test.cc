#include "parvis/telemetry/telemetry.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace parvis::telemetry {
namespace {

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";
constexpr char kSpan[] = "b7ad6b7169203331";

std::string Header(const std::string& version, const std::string& flags) {
  return version + "-" + kTrace + "-" + kSpan + "-" + flags;
}

// The cases of the standard (W3C Trace Context, §3.2).
TEST(TraceContext, ReadsWhatIsOne) {
  const auto sampled = ParseTraceParent(Header("00", "01"));
  ASSERT_TRUE(sampled);
  EXPECT_EQ(sampled->trace_id, kTrace);
  EXPECT_EQ(sampled->span_id, kSpan);
  EXPECT_TRUE(sampled->sampled);
  EXPECT_EQ(TraceParentOf(*sampled), Header("00", "01"));
  EXPECT_FALSE(ParseTraceParent(Header("00", "00"))->sampled);
  EXPECT_TRUE(ParseTraceParent(Header("00", "0b"))->sampled);
  EXPECT_TRUE(ParseTraceParent(Header("cc", "01") + "-what-comes-later"));
}

TEST(TraceContext, RefusesWhatIsNone) {
  const std::string good = Header("00", "01");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseTraceParent(good.substr(0, size))) << size;
  }
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = 'G';
    EXPECT_FALSE(ParseTraceParent(bad)) << i;
  }
  EXPECT_FALSE(ParseTraceParent(Header("ff", "01")));
  EXPECT_FALSE(ParseTraceParent(good + "-more"));
  EXPECT_FALSE(ParseTraceParent(Header("cc", "01") + "more"));
  EXPECT_FALSE(ParseTraceParent("00-" + std::string(32, '0') + "-" + kSpan + "-01"));
  EXPECT_FALSE(ParseTraceParent(std::string("00-") + kTrace + "-" + std::string(16, '0') + "-01"));
}

TEST(Metrics, TellsAFewModelsApart) {
  Metrics metrics;
  for (int i = 0; i < 1000; ++i) {
    RequestSeen seen;
    seen.route = "/v1/completions";
    seen.method = "POST";
    seen.status = 200;
    seen.model = "model-" + std::to_string(i);
    seen.finish = "stop";
    seen.input_tokens = 1;
    metrics.Count(seen);
  }
  std::istringstream text(metrics.Text({}));
  std::set<std::string> lines;
  double all = 0;
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with("parvis_prompt_tokens_total{")) continue;
    lines.insert(line.substr(0, line.find(' ')));
    all += std::stod(line.substr(line.find(' ')));
  }
  EXPECT_EQ(lines.size(), Metrics::kMaxModels + 1);
  EXPECT_TRUE(lines.contains("parvis_prompt_tokens_total{model=\"other\"}"));
  EXPECT_EQ(all, 1000);
}

TEST(Spans, LieOneAfterTheOther) {
  Trace trace([] {
    RequestSeen seen;
    seen.context = ContextBelow(std::nullopt);
    seen.begun = Clock::now();
    return seen;
  }());
  trace.Enter("read");
  trace.Enter("run");
  trace.Note([](RequestSeen& seen) {
    seen.prompt = 0.5;
    seen.generation = 0.25;
  });
  RequestSeen seen = trace.seen();
  seen.ended = Clock::now();
  const OrderedJson spans = SpansOf(seen);
  ASSERT_EQ(spans.size(), 5u);  // the request, two stations, two parts of the run
  EXPECT_FALSE(spans[0].contains("parentSpanId"));
  EXPECT_EQ(spans[1]["endTimeUnixNano"], spans[2]["startTimeUnixNano"]);
  EXPECT_EQ(spans[2]["endTimeUnixNano"], spans[0]["endTimeUnixNano"]);
  EXPECT_EQ(spans[3]["parentSpanId"], spans[2]["spanId"]);
  EXPECT_EQ(spans[3]["name"], "prefill");
  EXPECT_EQ(spans[3]["endTimeUnixNano"], spans[4]["startTimeUnixNano"]);
}

}  // namespace
}  // namespace parvis::telemetry
