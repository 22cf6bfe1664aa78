#include "parvis/train/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fmt/format.h"

namespace parvis::train {
namespace {

constexpr double kWidth = 800, kHeight = 480;
constexpr double kLeft = 70, kRight = 20, kTop = 40, kBottom = 50;
constexpr size_t kMaxPoints = 400;
// Okabe and Ito's colours, which colour-blind readers can tell apart.
constexpr std::array<const char*, 6> kColours = {"#0072B2", "#D55E00", "#009E73",
                                                 "#CC79A7", "#E69F00", "#56B4E9"};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Cover(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::string Escape(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<') {
      result += "&lt;";
    } else if (c == '&') {
      result += "&amp;";
    } else {
      result += c;
    }
  }
  return result;
}

// Leaves out what is not finite and averages neighbours until few enough points are left.
Curve Thin(const Curve& curve) {
  Curve finite{curve.name, {}, {}, curve.dots};
  for (size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) continue;
    finite.x.push_back(curve.x[i]);
    finite.y.push_back(curve.y[i]);
  }
  const size_t step = (finite.x.size() + kMaxPoints - 1) / kMaxPoints;
  if (step <= 1) return finite;
  Curve thin{curve.name, {}, {}, curve.dots};
  for (size_t begin = 0; begin < finite.x.size(); begin += step) {
    const size_t end = std::min(begin + step, finite.x.size());
    double x = 0, y = 0;
    for (size_t i = begin; i < end; ++i) x += finite.x[i], y += finite.y[i];
    thin.x.push_back(x / static_cast<double>(end - begin));
    thin.y.push_back(y / static_cast<double>(end - begin));
  }
  return thin;
}

// 1, 2 or 5 times a power of ten, so that about five ticks fit.
double TickStep(const Range& range) {
  const double rough = (range.high - range.low) / 5.0;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double lead = rough / power;
  return power * (lead <= 1.0 ? 1.0 : lead <= 2.0 ? 2.0 : lead <= 5.0 ? 5.0 : 10.0);
}

class Picture {
 public:
  Picture(Range x, Range y) : x_(x), y_(y) {}

  std::string At(double x, double y) const { return fmt::format("{:.1f},{:.1f}", X(x), Y(y)); }
  double X(double x) const {
    return kLeft + (x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
  }
  double Y(double y) const {
    return kHeight - kBottom - (y - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom);
  }

  std::string Ticks() const {
    std::string svg;
    const double x_step = TickStep(x_), y_step = TickStep(y_);
    for (double x = std::ceil(x_.low / x_step) * x_step; x <= x_.high; x += x_step) {
      svg += fmt::format(
          "<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" stroke=\"#ddd\"/>"
          "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4:.6g}</text>\n",
          X(x), kTop, kHeight - kBottom, kHeight - kBottom + 18, std::abs(x) < x_step / 2 ? 0 : x);
    }
    for (double y = std::ceil(y_.low / y_step) * y_step; y <= y_.high; y += y_step) {
      svg += fmt::format(
          "<line x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\" stroke=\"#ddd\"/>"
          "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.4g}</text>\n",
          kLeft, Y(y), kWidth - kRight, kLeft - 8, Y(y) + 4, std::abs(y) < y_step / 2 ? 0 : y);
    }
    return svg;
  }

 private:
  Range x_, y_;
};

std::string Line(const Picture& picture, const Curve& curve, const char* colour) {
  std::string points, dots;
  for (size_t i = 0; i < curve.x.size(); ++i) {
    points += picture.At(curve.x[i], curve.y[i]) + " ";
    if (curve.dots) {
      dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>",
                          picture.X(curve.x[i]), picture.Y(curve.y[i]), colour);
    }
  }
  return fmt::format(
      "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" points=\"{}\"/>{}\n", colour,
      points, dots);
}

}  // namespace

std::string PlotSvg(const std::string& title, const std::string& x_label,
                    const std::string& y_label, const std::vector<Curve>& curves) {
  std::vector<Curve> thin;
  Range x, y;
  for (const Curve& curve : curves) {
    thin.push_back(Thin(curve));
    for (const double value : thin.back().x) x.Cover(value);
    for (const double value : thin.back().y) y.Cover(value);
  }
  if (!(x.high > x.low)) x = Range{std::isfinite(x.low) ? x.low : 0.0, x.low + 1.0};
  if (!std::isfinite(x.high)) x = Range{0.0, 1.0};
  if (!std::isfinite(y.low)) y = Range{0.0, 1.0};
  const double margin = y.high > y.low ? 0.05 * (y.high - y.low) : 0.5;
  const Picture picture(x, Range{y.low - margin, y.high + margin});

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\""
      " font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"24\" font-size=\"16\">{3}</text>\n",
      kWidth, kHeight, kLeft, Escape(title));
  svg += picture.Ticks();
  for (size_t i = 0; i < thin.size(); ++i) {
    const char* colour = kColours[i % kColours.size()];
    svg += Line(picture, thin[i], colour);
    const double row = kTop + 16.0 + 18.0 * static_cast<double>(i);
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"3\" fill=\"{}\"/>"
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
        kWidth - kRight - 24, row - 5, colour, kWidth - kRight - 30, row, Escape(thin[i].name));
  }
  svg += fmt::format(
      "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n"
      "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n</svg>\n",
      (kLeft + kWidth - kRight) / 2, kHeight - 12, Escape(x_label), kHeight / 2, Escape(y_label));
  return svg;
}

}  // namespace parvis::train
