#include "parvis/train/plot.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/json.h"
#include "parvis/train/run_log.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Plot, DrawsCurvesWithinTheAxes) {
  Curve line{"train <1>", {0, 1, 2, 3}, {4, 3, NAN, 2}, false};
  Curve dots{"eval", {1, 3}, {3.5, 2.5}, true};
  const std::string svg = PlotSvg("A & B", "tokens", "loss", {line, dots});
  EXPECT_THAT(svg, HasSubstr("A &amp; B"));
  EXPECT_THAT(svg, HasSubstr("train &lt;1>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  // The first point: at the left edge, 5 % of the range below the top.
  EXPECT_THAT(svg, HasSubstr("points=\"70.0,57.7 "));
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
}

TEST(Plot, ManagesNothingAndOnePoint) {
  for (const std::vector<Curve>& curves :
       {std::vector<Curve>{}, {Curve{"a", {}, {}}}, {Curve{"a", {5}, {1}}}}) {
    const std::string svg = PlotSvg("t", "x", "y", curves);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
    EXPECT_LT(svg.size(), 10000u);
  }
}

TEST(Plot, AveragesManyPoints) {
  Curve line{"train", {}, {}};
  for (int i = 0; i < 100000; ++i) line.x.push_back(i), line.y.push_back(i % 2);
  EXPECT_LT(PlotSvg("t", "x", "y", {line}).size(), 20000u);
}

TEST(LossPlot, HasACurvePerEvaluatedFileAndRun) {
  const std::vector<Json> lines = {
      Json::parse(R"({"step":1,"tokens":10,"loss":5.0})"),
      Json::parse(R"({"step":1,"eval":[{"name":"fr","loss":4.0},{"name":"en","loss":3.0}]})"),
      Json::parse(R"({"step":2,"tokens":20,"loss":4.0})")};
  const std::string svg = LossPlot("run", lines, "before", lines);
  for (const char* name : {">train<", ">fr<", ">en<", ">before train<", ">before fr<"}) {
    EXPECT_THAT(svg, HasSubstr(name));
  }
}

}  // namespace
}  // namespace parvis::train
