#include "parvis/train/run_log.h"

#include <filesystem>
#include <map>

#include "parvis/core/file.h"
#include "parvis/train/plot.h"

namespace parvis::train {
namespace {

// File names may hold bytes that are not UTF-8.
template <typename AnyJson>
std::string Text(const AnyJson& line) {
  return line.dump(-1, ' ', false, AnyJson::error_handler_t::replace);
}

int64_t StepOf(const Json& line) {
  const auto step = line.find("step");
  return step != line.end() && step->is_number_integer() ? step->get<int64_t>() : -1;
}

double NumberOf(const Json& line, const char* key) {
  const auto it = line.find(key);
  return it != line.end() && it->is_number() ? it->get<double>() : 0.0;
}

void AddCurves(const std::string& prefix, const std::vector<Json>& lines,
               std::vector<Curve>& curves) {
  Curve train{prefix + "train", {}, {}};
  std::map<std::string, Curve> evals;
  double tokens = 0.0;
  for (const Json& line : lines) {
    if (line.contains("loss")) {
      tokens = NumberOf(line, "tokens");
      train.x.push_back(tokens);
      train.y.push_back(NumberOf(line, "loss"));
    }
    const auto results = line.find("eval");
    if (results == line.end() || !results->is_array()) continue;
    for (const Json& result : *results) {
      if (!result.is_object() || !result.contains("name") || !result["name"].is_string()) continue;
      const std::string name = prefix + result["name"].get<std::string>();
      Curve& curve = evals.try_emplace(name, Curve{name, {}, {}, true}).first->second;
      curve.x.push_back(tokens);
      curve.y.push_back(NumberOf(result, "loss"));
    }
  }
  curves.push_back(std::move(train));
  for (auto& [name, curve] : evals) curves.push_back(std::move(curve));
}

}  // namespace

Result<std::vector<Json>> ReadRunLog(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<Json> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // cut short
    Result<Json> line = ParseJson(std::string_view(text).substr(begin, end - begin));
    if (line.ok() && line->is_object()) lines.push_back(std::move(line).value());
    begin = end + 1;
  }
  return lines;
}

Result<RunLog> RunLog::Open(const std::string& path, int64_t last_step) {
  RunLog log;
  log.path_ = path;
  std::string kept;
  if (std::filesystem::exists(path)) {
    PARVIS_ASSIGN_OR_RETURN(std::vector<Json> lines, ReadRunLog(path));
    for (Json& line : lines) {
      // The last evaluation is made again when a finished run is resumed.
      if (StepOf(line) > last_step || line.value("final", Json()) == true) continue;
      kept += Text(line) + "\n";
      log.lines_.push_back(std::move(line));
    }
  }
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(path, kept));
  log.file_.open(path, std::ios::app);
  if (!log.file_) return IoError(path + ": cannot be written");
  return log;
}

Status RunLog::Append(const OrderedJson& line) {
  const std::string text = Text(line);
  file_ << text << "\n" << std::flush;
  if (!file_) return ResourceExhausted(path_ + ": cannot be written (is the disk full?)");
  lines_.push_back(Json(line));
  return Status();
}

std::string LossPlot(const std::string& title, const std::vector<Json>& lines,
                     const std::string& compared_name, const std::vector<Json>& compared) {
  std::vector<Curve> curves;
  AddCurves("", lines, curves);
  if (!compared.empty()) AddCurves(compared_name + " ", compared, curves);
  return PlotSvg(title, "tokens", "loss (nats per token)", curves);
}

}  // namespace parvis::train
