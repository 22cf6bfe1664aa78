#ifndef PARVIS_TRAIN_PLOT_H_
#define PARVIS_TRAIN_PLOT_H_

#include <string>
#include <vector>

namespace parvis::train {

struct Curve {
  std::string name;
  std::vector<double> x, y;  // of the same size; points that are not finite are left out
  bool dots = false;         // marks at the points, for the few evaluations
};

// A picture of curves over one pair of axes, as SVG: white ground, labelled ticks, a legend. At
// most some hundred points a curve are drawn: neighbours are averaged, which also smooths noise.
std::string PlotSvg(const std::string& title, const std::string& x_label,
                    const std::string& y_label, const std::vector<Curve>& curves);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_PLOT_H_
